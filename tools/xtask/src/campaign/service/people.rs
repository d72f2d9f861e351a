//! Who may do what. Must not know how somebody is recognised.

use super::proof::Proof;
use crate::campaign::trouble::Trouble;

/// An operator of the group may ask; somebody else may not.
pub(super) fn knows_its_operators(proof: &mut Proof<'_>) -> Result<String, Trouble> {
    proof.says("runuser -u ren -- sekisho saf list", 0, &["No stored message waits"])?;
    Ok("two operators ask".to_owned())
}
