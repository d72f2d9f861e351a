//! `[[station]]`: who a party is and how it is spoken with. Looks at one station alone; what must
//! hold between stations is checked elsewhere.

use std::sync::Arc;
use std::time::Duration;

use codec::{Fields, Version};
use switch_core::kept::KEPT;
use switch_core::plan::{
    Announce, Institution, Keys, NetworkCodes, Pin, Role, SignOn, StationSettings,
};

use super::Mode;
use super::Report;
use super::codes::network_codes;
use super::dialects::{Dialects, Named};
use super::document::{Table, Value};
use super::endpoint::{Located, endpoint};
use super::node::{DIGITS, institution, name};
use super::partner;
use super::place::Place;
use super::section::{At, Section};

/// A station, with what the rules between stations need.
pub(super) struct Station {
    pub(super) settings: StationSettings,
    pub(super) located: Located,
    pub(super) name_place: Place,
    pub(super) dialect_place: Place,
    /// See [`Named::content`].
    pub(super) content: Arc<str>,
    pub(super) institution_places: Vec<Place>,
}

/// What is left of a station when something about it is wrong: enough to know it by name.
pub(super) struct Read {
    /// Its name and role, as far as they are right.
    pub(super) name: Option<String>,
    pub(super) role: Option<Role>,
    /// All of it, when all is right.
    pub(super) station: Option<Station>,
}

/// Reads one `[[station]]`, the `ordinal`-th, counting from 1.
pub(super) fn station(
    table: &Table,
    ordinal: usize,
    mode: Mode,
    dialects: &mut Dialects,
    report: &mut Report,
) -> Read {
    let named = table.text("name");
    let path = named.map_or(format!("station[{ordinal}]"), |name| format!("station.{name}"));
    let mut section = Section::new(table, path, report);
    let errors = section.report.errors.len();

    let name = name(&mut section, "a name of its own, name = \"issuer-x\"");
    let role = role(&mut section);
    let institutions = institutions(&mut section);
    let dialect = dialect(&mut section, dialects);
    let located = endpoint(&mut section, mode);
    let speech = speech(&mut section);
    let network_codes =
        network_codes(&mut section, dialect.as_ref().map(|(of, _)| of.dialect.as_ref()));
    let announce = announce(&mut section, network_codes, dialect.as_ref());
    let issuing = issuing(&mut section);
    let keys = keys(&mut section, mode);
    let agreed = (partner::acquiring(&mut section), partner::issuing(&mut section));
    match role {
        Some(Role::Acquirer) => {
            for keys in [&ISSUING[..], &partner::ISSUING] {
                section.inactive(keys, "no effect on an acquirer");
            }
        }
        Some(Role::Issuer) => {
            for keys in [&["mac"][..], &partner::ACQUIRING] {
                section.inactive(keys, "no effect on an issuer");
            }
        }
        Some(Role::Both) | None => {}
    }
    section.finish();

    let whole = errors == report.errors.len();
    let station = (|| {
        let (located, (Named { dialect, content }, dialect_place)) = (located?, dialect?);
        let settings = StationSettings {
            name: name.as_ref()?.value.into(),
            role: role?,
            institutions: institutions.iter().map(|at| at.value).collect(),
            dialect,
            sign_on: speech.0,
            announce,
            network_codes,
            timeout: issuing.timeout,
            echo: speech.1,
            links: located.links,
            noise_max: located.noise_max,
            connects: located.connects,
            reconnect: located.reconnect,
            in_flight_max: issuing.in_flight_max,
            pin: issuing.pin,
            keys,
            echoed: issuing.echoed,
            acquiring: agreed.0,
            issuing: agreed.1,
            message_max: located.endpoint.frame_max,
            beside: None,
        };
        let name_place = name.as_ref()?.place.clone();
        let institution_places = institutions.into_iter().map(|at| at.place).collect();
        Some(Station { settings, located, name_place, dialect_place, content, institution_places })
    })();
    Read { name: named.map(Into::into), role, station: station.filter(|_| whole) }
}

fn role(section: &mut Section<'_, '_>) -> Option<Role> {
    if section.given("role").is_none() {
        section.missing("role", "role = \"acquirer\", \"issuer\" or \"both\"");
    }
    let roles = [("acquirer", Role::Acquirer), ("issuer", Role::Issuer), ("both", Role::Both)];
    section.choice("role", &roles).map(|role| role.value)
}

/// The station's codes, by `institution` or `institutions`.
fn institutions(section: &mut Section<'_, '_>) -> Vec<At<Institution>> {
    let texts = match (section.given("institution"), section.given("institutions")) {
        (None, None) => {
            section.missing("institution", "institution = \"77334000001\", its DE 32");
            Vec::new()
        }
        (Some(_), Some(both)) => {
            section.fail(
                "institutions",
                &both.place,
                "stands beside institution; keep one of both",
            );
            Vec::new()
        }
        (Some(_), None) => section.text("institution", DIGITS).into_iter().collect(),
        (None, Some(_)) => section.texts("institutions", "codes of 1 to 11 digits"),
    };
    for key in ["institution", "institutions"] {
        section.known(key);
    }
    let key = if section.given("institutions").is_some() { "institutions" } else { "institution" };
    let codes = texts.into_iter().filter_map(|text| {
        let (code, _) = institution(section, key, &text)?;
        Some(At { value: code, place: text.place })
    });
    codes.collect()
}

fn dialect(section: &mut Section<'_, '_>, dialects: &mut Dialects) -> Option<(Named, Place)> {
    if section.given("dialect").is_none() {
        section.missing("dialect", "dialect = \"iso93-ascii\", as the station has it");
    }
    let name = section.text("dialect", "the name of a dialect or of its file")?;
    let dialect = dialects.find(section, &name)?;
    Some((dialect, name.place))
}

/// Who signs on, and when silence is broken by an echo.
fn speech(section: &mut Section<'_, '_>) -> (SignOn, Option<Duration>) {
    let words = [("none", SignOn::None), ("ours", SignOn::Ours), ("theirs", SignOn::Theirs)];
    let sign_on = section.choice("sign_on", &words).map_or(SignOn::None, |found| found.value);
    let node = section.find("echo");
    let echo = match node.map(|node| (&node.value, node)) {
        None => Some(Duration::from_secs(30)),
        Some((Value::Text(text), _)) if text == "off" => None,
        Some((Value::Flag(_), node)) => {
            let message = "is true or false and must be \"off\" or a duration like \"30s\"";
            section.fail("echo", &node.place, message);
            None
        }
        Some((Value::Text(text), node)) if !text.starts_with(|c: char| c.is_ascii_digit()) => {
            let message = format!("\"{text}\" is neither \"off\" nor a duration like \"30s\"");
            section.fail("echo", &node.place, message);
            None
        }
        Some((_, node)) => {
            let within = Duration::from_secs(1)..=Duration::from_hours(1);
            section.duration_of("echo", node, &within)
        }
    };
    (sign_on, echo)
}

/// What it is told behind a promotion. In 1987 it has to have a code for that.
fn announce(
    section: &mut Section<'_, '_>,
    codes: NetworkCodes,
    dialect: Option<&(Named, Place)>,
) -> Announce {
    let words = [("none", Announce::None), ("804", Announce::Backup), ("806", Announce::Alternate)];
    let Some(found) = section.choice("announce", &words) else { return Announce::None };
    let is_old = dialect.is_some_and(|(of, _)| of.dialect.version() == Version::Iso1987);
    if found.value != Announce::None && is_old && codes.announce == 0 {
        section.fail(
            "announce",
            &found.place,
            "is a code of 1993; write network_codes = { announce = \"...\" } with this station's own",
        );
    }
    found.value
}

/// Keys that concern requests on their way to an issuer.
const ISSUING: [&str; 4] = ["timeout", "in_flight_max", "pin", "match"];

/// What holds for requests on their way to an issuer.
struct Issuing {
    timeout: Duration,
    in_flight_max: u32,
    pin: Pin,
    echoed: Fields,
}

fn issuing(section: &mut Section<'_, '_>) -> Issuing {
    let within = Duration::from_millis(10)..=Duration::from_mins(10);
    let timeout = section.duration("timeout", within).unwrap_or(Duration::from_secs(10));
    let mut in_flight_max = 100_000;
    section.count("in_flight_max", 1..=900_000, &mut in_flight_max);
    let pins = [("refuse", Pin::Refuse), ("pass", Pin::Pass)];
    let pin = section.choice("pin", &pins).map_or(Pin::Refuse, |found| found.value);
    let echoed = echoed(section).unwrap_or(Fields::of(&[7, 12, 32, 37, 41]));
    Issuing { timeout, in_flight_max, pin, echoed }
}

/// The fields that an answer must echo; none when they are not given or not right.
fn echoed(section: &mut Section<'_, '_>) -> Option<Fields> {
    let numbers = section.numbers("match", 2..=128)?;
    let mut echoed = Fields::EMPTY;
    for At { value, place } in &numbers {
        let field = u8::try_from(*value).ok().filter(|field| KEPT.contains(field));
        if let Some(field) = field {
            echoed = echoed.with(field);
        } else {
            let kept = KEPT.map(|field| field.to_string()).join(", ");
            let message = format!(
                "{value} is not kept of a request, so no answer could be compared with it; \
                 choose among {kept}"
            );
            section.fail("match", place, message);
        }
    }
    let node = section.given("match")?;
    if numbers.iter().all(|number| number.value == 11) {
        section.fail(
            "match",
            &node.place,
            "names no field beside DE 11, and that alone proves no answer; name fields that the \
             issuer echoes, or remove it for 7, 12, 32, 37, 41",
        );
    }
    Some(echoed)
}

fn keys(section: &mut Section<'_, '_>, mode: Mode) -> Keys {
    let words = [("none", Keys::None), ("stand-in", Keys::Provider)];
    let Some(found) = section.choice("mac", &words) else { return Keys::None };
    if found.value == Keys::Provider && !mode.insecure_demo {
        section.fail(
            "mac",
            &found.place,
            "\"stand-in\" checks no code and needs --insecure-demo; write \"none\"",
        );
    }
    found.value
}
