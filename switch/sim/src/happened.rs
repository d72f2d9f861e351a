//! How often what happened in worlds of chance: what never happens proves nothing. Must not know what
//! can happen there.

/// Names something that can happen, in words.
macro_rules! happenings {
    ($($name:ident $text:literal)*) => {
        /// Something that can happen there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Happening {
            $(#[doc = $text] $name,)*
        }

        impl Happening {
            /// All of them, in words.
            const TEXTS: &[&str] = &[$($text,)*];
        }

        /// How often each of them happened.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Happened(Vec<u64>);

        impl Default for Happened {
            fn default() -> Self {
                Self(vec![0; Happening::TEXTS.len()])
            }
        }

        impl Happened {
            /// Once more.
            pub(crate) fn saw(&mut self, what: Happening) {
                self.add(what, 1);
            }

            /// So many times more.
            pub(crate) fn add(&mut self, what: Happening, times: u64) {
                self.0[what as usize] += times;
            }

            /// All that happened elsewhere too.
            pub(crate) fn adds(&mut self, other: &Self) {
                for (all, one) in self.0.iter_mut().zip(&other.0) {
                    *all += one;
                }
            }

            /// How often each happened, in words.
            pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
                Happening::TEXTS.iter().copied().zip(self.0.iter().copied()).collect()
            }
        }
    };
}

pub(crate) use happenings;
