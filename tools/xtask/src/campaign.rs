//! The long proofs (`kill`, `power`, `sim`, ...). None exists yet; each will be a module below this one.

use std::io::{self, Write};

use crate::Ended;

/// Runs the campaign of that name; says so when there is none.
pub(crate) fn run(name: &str, err: &mut dyn Write) -> io::Result<Ended> {
    writeln!(err, "xtask: no campaign `{name}`: no campaign exists yet")?;
    Ok(Ended::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_that_does_not_exist_is_not_found() {
        let mut err = Vec::new();
        assert_eq!(run("kill", &mut err).unwrap(), Ended::NotFound);
        assert_eq!(err, b"xtask: no campaign `kill`: no campaign exists yet\n");
    }
}
