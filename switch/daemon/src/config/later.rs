//! Keys of later work: what stands there is checked for its type and unit, and reported as not
//! active. Decides nothing.

use std::net::SocketAddr;

use super::section::Section;

/// Why a key of later work does nothing.
pub(super) const LATER: &str = "not active yet";

/// `control.http`: metrics and console.
pub(super) fn http(control: &mut Section<'_, '_>) {
    let http = control.text("http", "an address like \"127.0.0.1:9180\"");
    if let Some(http) = http.filter(|http| http.value.parse::<SocketAddr>().is_err()) {
        let message = format!(
            "\"{}\" is no address with a port; write it like \"127.0.0.1:9180\"",
            http.value
        );
        control.fail("http", &http.place, message);
    }
    control.inactive(&["http"], LATER);
}
