//! What a drill takes of the daemon beside the rules of two nodes, which do not know that there is one: a process that
//! plays dead, a line that is refused, and what is seen of both. Must not know who wants a drill, nor what is made of
//! what was seen.

mod dying;

mod evidence;

mod line_lost;

mod machine;

pub(crate) use dying::{Dying, died, rests};
pub(crate) use evidence::seen;
pub(crate) use line_lost::{Watched, watch};
pub(crate) use machine::{Told, Watch, start};
