//! Stations: one alone, and several together.

use super::*;
use codec::{Affix, Tpdu, TpduUse};
use switch_core::plan::{Institution, Keys, NetworkCodes, Pin, Role, SignOn};

/// [`WHOLE`] and one more acquirer with these lines.
fn second(lines: &str) -> String {
    format!(
        "{WHOLE}[[station]]\nrole = \"acquirer\"\ndialect = \"iso93-ascii\"\nframing = \"bin2\"\n{lines}"
    )
}

#[test]
fn what_a_station_is_reaches_the_core() {
    let loaded = loaded(&issuer(
        "sign_on = \"ours\"\ntimeout = \"7s\"\necho = \"off\"\nlinks = 3\nin_flight_max = 12\npin = \"pass\"\n\
         match = [37, 41]\nreconnect_min = \"1s\"\nreconnect_max = \"2s\"\nframe_max = \"1KiB\"\nout_max = \"64KiB\"",
    ));
    let [acquirer, issuer] = loaded.settings.stations.as_slice() else { panic!("two stations") };
    assert_eq!((acquirer.role, issuer.role), (Role::Acquirer, Role::Issuer));
    assert_eq!(acquirer.institutions, [Institution::parse("77334000001").unwrap()]);
    assert_eq!(acquirer.dialect.name(), "iso93-ascii");
    assert_eq!((acquirer.links, acquirer.connects), (1_024, false));
    assert_eq!(acquirer.echo, Some(Duration::from_secs(30)));
    assert_eq!((issuer.links, issuer.connects), (3, true));
    assert_eq!((issuer.sign_on, issuer.pin, issuer.keys), (SignOn::Ours, Pin::Pass, Keys::None));
    assert_eq!((issuer.timeout, issuer.echo), (Duration::from_secs(7), None));
    assert_eq!(issuer.reconnect, (Duration::from_secs(1), Duration::from_secs(2)));
    assert_eq!(issuer.in_flight_max, 12);
    assert_eq!(issuer.echoed, codec::Fields::of(&[37, 41]));

    let [listens, connects] = loaded.endpoints.as_slice() else { panic!("two endpoints") };
    assert_eq!(listens.listen, ["127.0.0.1:7001".parse().unwrap()]);
    assert_eq!(listens.peers, Network::LOOPBACK);
    assert_eq!(connects.connect, ["127.0.0.1:8001".parse().unwrap(); 3]);
    assert_eq!(
        (connects.frame_max, connects.framing.max, connects.out_max),
        (1_024, 1_024, 65_536)
    );
    assert_eq!((listens.frame_max, listens.framing.max, listens.out_max), (8_192, 8_192, 1 << 20));
}

#[test]
fn what_is_not_said_about_an_issuer_is_the_careful_choice() {
    let loaded = loaded(WHOLE);
    let issuer = &loaded.settings.stations[1];
    assert_eq!((issuer.sign_on, issuer.pin, issuer.keys), (SignOn::None, Pin::Refuse, Keys::None));
    assert_eq!((issuer.timeout, issuer.in_flight_max), (Duration::from_secs(10), 100_000));
    assert_eq!(issuer.reconnect, (Duration::from_millis(100), Duration::from_secs(10)));
    assert_eq!(issuer.echoed, codec::Fields::of(&[7, 12, 32, 37, 41]));
}

#[test]
fn a_message_as_long_as_a_station_may_send_finds_room_while_its_decision_waits() {
    let text = second(
        "name = \"merchant-b\"\ninstitution = \"77334000002\"\nlisten = [\"127.0.0.1:7002\"]\n\
         frame_max = \"9KiB\"\n",
    );
    assert_eq!(loaded(&text).settings.limits.parked_frame_max, 9 << 10);
}

#[test]
fn two_stations_of_one_dialect_share_it() {
    let text = second(
        "name = \"merchant-b\"\ninstitution = \"77334000002\"\nlisten = [\"127.0.0.1:7002\"]\n",
    );
    let stations = loaded(&text).settings.stations;
    assert!(Arc::ptr_eq(&stations[0].dialect, &stations[2].dialect));
}

#[test]
fn a_station_needs_name_role_institution_dialect_framing_and_address() {
    check_each(
        &[
            format!("{WHOLE}[[station]]\n"),
            changed("name = \"issuer-x\"", "name = \"Issuer X\""),
            changed("role = \"issuer\"", "role = \"isuer\""),
            changed("role = \"issuer\"", "role = \"bank\""),
        ],
        &expect![[r#"
            sekisho.toml:22:1: station[3].name: missing; add a name of its own, name = "issuer-x"
            sekisho.toml:22:1: station[3].role: missing; add role = "acquirer", "issuer" or "both"
            sekisho.toml:22:1: station[3].institution: missing; add institution = "77334000001", its DE 32
            sekisho.toml:22:1: station[3].dialect: missing; add dialect = "iso93-ascii", as the station has it
            sekisho.toml:22:1: station[3].connect: missing; add connect = ["address:port"] for a station that we call, or listen = [...] for one that calls us
            sekisho.toml:22:1: station[3].framing: missing; add framing = "ascii4", or "bin2", as the station has it
            sekisho.toml:13:8: station.Issuer X.name: "Issuer X" is no name; use 1 to 32 of a-z, 0-9 and -
            sekisho.toml:21:7: route.353011.to: there is no station "issuer-x"; there is: Issuer X
            sekisho.toml:14:8: station.issuer-x.role: "isuer" is not known here; did you mean "issuer"?
            sekisho.toml:14:8: station.issuer-x.role: "bank" is not known here; there is: acquirer, issuer, both
        "#]],
    );
}

#[test]
fn an_institution_is_a_text_of_digits() {
    check_each(
        &[
            changed("institution = \"77334000001\"", "institution = 77334000001"),
            changed("institution = \"77334000001\"", "institution = \"773340000011\""),
            changed("institution = \"77334000001\"", "institutions = \"77334000001\""),
            changed("institution = \"77334000001\"", "institutions = []"),
            changed("institution = \"77334000001\"", "institutions = [\"1\", \"x\", 3]"),
            acquirer("institutions = [\"1\"]"),
        ],
        &expect![[r#"
            sekisho.toml:8:15: station.merchant-a.institution: is a number and must be a code of 1 to 11 digits, in quotes
            sekisho.toml:8:15: station.merchant-a.institution: "773340000011" is not a code of 1 to 11 digits; write its digits alone
            sekisho.toml:8:16: station.merchant-a.institutions: is a text and must be a list, [...], of codes of 1 to 11 digits
            sekisho.toml:8:16: station.merchant-a.institutions: is an empty list; name codes of 1 to 11 digits, or remove it
            sekisho.toml:8:22: station.merchant-a.institutions: "x" is not a code of 1 to 11 digits; write its digits alone
            sekisho.toml:8:27: station.merchant-a.institutions: is a number and must be codes of 1 to 11 digits, in quotes
            sekisho.toml:7:16: station.merchant-a.institutions: stands beside institution; keep one of both
        "#]],
    );
}

#[test]
fn an_acquirer_institution_sends_over_one_station() {
    check_each(
        &[
            changed("institution = \"77334000001\"", "institutions = [\"1\", \"2\", \"1\"]"),
            second(
                "name = \"merchant-b\"\ninstitution = \"77334000001\"\nlisten = [\"127.0.0.1:7002\"]\n",
            ),
        ],
        &expect![[r#"
            sekisho.toml:8:27: station.merchant-a.institution: stands twice, first at sekisho.toml:8:17; remove one
            sekisho.toml:27:15: station.merchant-b.institution: acquirer "merchant-a" has this institution already, at sekisho.toml:8:15; an institution sends over one station: remove it from the other
        "#]],
    );
    let both = changed("institution = \"49711000001\"", "institution = \"77334000001\"");
    assert_eq!(loaded(&both).endpoints.len(), 2, "an issuer may have the code of an acquirer");
}

#[test]
fn a_dialect_is_one_that_there_is() {
    check_each(
        &[
            changed("dialect = \"iso93-ascii\"", "dialect = \"iso93-asci\""),
            changed("dialect = \"iso93-ascii\"", "dialect = \"dialects/visa.toml\""),
            changed("dialect = \"iso93-ascii\"", "dialect = \"other\""),
            changed("dialect = \"iso93-ascii\"", "dialect = 1993"),
        ],
        &expect![[r#"
            sekisho.toml:9:11: station.merchant-a.dialect: "iso93-asci" is no dialect; did you mean "iso93-ascii"?
            sekisho.toml:9:11: station.merchant-a.dialect: there is no file dialects/visa.toml; a dialect is built in, or a file beside the configuration
            sekisho.toml:9:11: station.merchant-a.dialect: "other" is no dialect; there is: iso87-ascii, iso87-binary, iso93-ascii, iso93-binary
            sekisho.toml:9:11: station.merchant-a.dialect: is a number and must be the name of a dialect or of its file, in quotes
        "#]],
    );
}

const ACME: &str = "extends = \"iso93-ascii\"\n[fields]\n43 = \"ans..40 shop\"\n";

#[test]
fn a_dialect_may_be_a_file_beside_the_configuration() {
    let text = changed("dialect = \"iso93-ascii\"", "dialect = \"dialects/acme.toml\"");
    let directory = Directory::new().with("sekisho.toml", &text).with("dialects/acme.toml", ACME);
    let configuration = directory.load(DEMO).unwrap();
    let dialect = &configuration.settings.stations[0].dialect;
    assert_eq!((dialect.name(), dialect.field(43).unwrap().max), ("acme", 40));
}

#[test]
fn mistakes_of_a_dialect_file_are_told_once_and_with_its_own_lines() {
    let text = changed("dialect = \"iso93-ascii\"", "dialect = \"acme.toml\"");
    let text = text.replace("dialect = \"iso93-binary\"", "dialect = \"acme.toml\"\ntimeuot = 1");
    let wrong = ACME.replace("ans..40", "ans.40") + "200 = \"n3\"\n";
    let directory = Directory::new().with("sekisho.toml", text).with("acme.toml", wrong);
    expect![[r#"
        sekisho.toml:17:1: station.issuer-x.timeuot: unknown key; did you mean "timeout"?
        acme.toml:3:6: fields.43: "ans.40": 1 dot is a length of one digit, at most 9; write ans..40
        acme.toml:4:1: fields.200: is no data element; they are 2 to 128
    "#]]
    .assert_eq(&directory.said(DEMO));
}

#[test]
fn a_dialect_of_a_file_must_have_what_the_core_needs() {
    let text = changed("dialect = \"iso93-ascii\"", "dialect = \"acme.toml\"");
    let without = format!("{ACME}24 = \"absent\"\n");
    let directory = Directory::new().with("sekisho.toml", text).with("acme.toml", without);
    expect![[r#"
        sekisho.toml:9:11: station.merchant-a.dialect: acme has no DE 24, without which nothing works; add it
    "#]].assert_eq(&directory.said(DEMO));
}

#[test]
fn a_dialect_of_a_file_must_keep_what_an_advice_says_to_its_issuer() {
    let text = changed("dialect = \"iso93-ascii\"", "dialect = \"acme.toml\"");
    let file =
        ACME.replace("[fields]", "journal = [\"2-23\", \"25-33\", \"37-43\", 49, 56]\n[fields]");
    let directory = Directory::new().with("sekisho.toml", text).with("acme.toml", file);
    expect![[r#"
        sekisho.toml:9:11: station.merchant-a.dialect: journal = [...] of acme leaves DE 24 out, without which an advice or a reversal would say something else to its issuer; add it
    "#]].assert_eq(&directory.said(DEMO));
}

#[test]
fn a_dialect_of_a_file_must_have_our_own_fields_as_we_write_them() {
    let said = |file: &str| {
        let text = changed("dialect = \"iso93-ascii\"", "dialect = \"acme.toml\"");
        Directory::new().with("sekisho.toml", text).with("acme.toml", file).said(DEMO)
    };
    let wider = ACME.replace("iso93", "iso87") + "39 = \"n3\"\n";
    let later = "version = 2003\nmti = \"ascii\"\nbitmap = \"hex\"\ndigits = \"ascii\"\n\
                 binary = \"hex\"\nlength = \"ascii\"\n[fields]\n2 = \"n..19\"\n";
    expect![[r#"
        sekisho.toml:9:11: station.merchant-a.dialect: DE 39 of acme is not what we read and write there, 2 digits of fixed length (DE 39 of 1987 may be text); make it so
        sekisho.toml:9:11: station.merchant-a.dialect: acme is of ISO 8583:2003, which is not spoken yet; give the station a dialect of 1987 or 1993
    "#]].assert_eq(&(said(&wider) + &said(later)));
}

#[test]
fn a_dialect_of_a_file_must_say_cards_and_institutions_in_digits_and_have_room_for_ours() {
    let said = |line: &str| {
        let text = changed("dialect = \"iso93-ascii\"", "dialect = \"acme.toml\"");
        let file = format!("{ACME}{line}\n");
        Directory::new().with("sekisho.toml", text).with("acme.toml", file).said(DEMO)
    };
    expect![[r#"
        sekisho.toml:9:11: station.merchant-a.dialect: DE 32 of acme is not of digits, by which every request is decided; make it n
        sekisho.toml:9:11: station.merchant-a.dialect: DE 33 of acme has no room for our institution, which has 11 digits; make it n..11
    "#]].assert_eq(&(said("32 = \"ans..11\"") + &said("33 = \"n..5\"")));
}

#[test]
fn a_framing_is_one_that_there_is() {
    check_each(
        &[
            changed("framing = \"ascii4\"", "framing = \"asci4\""),
            changed("framing = \"ascii4\"", "framing = \"http\""),
            changed("framing = \"ascii4\"", "framing = 4"),
            changed("framing = \"ascii4\"", "framing = {}"),
            changed(
                "framing = \"ascii4\"",
                "framing = { prefix = \"bin9\", header = \"60000\", trailer = \"x\", reserved = 17, length_includes_self = 1, tail = 1 }",
            ),
            changed("framing = \"ascii4\"", "framing = { name = \"nax\", tpdu = \"60\" }"),
            changed("framing = \"ascii4\"", "framing = { name = \"nac\", prefix = \"bin2\" }"),
            changed(
                "framing = \"ascii4\"",
                "framing = { name = \"nac\", tpdu = \"600003000\", tpdu_answer = \"swop\" }",
            ),
            changed("framing = \"ascii4\"", "framing = { name = \"bin2\", tpdu = 6000030000 }"),
            changed(
                "framing = \"ascii4\"",
                "framing = { name = \"bin2\", tpdu_answer = \"same\" }",
            ),
        ],
        &expect![[r#"
            sekisho.toml:10:11: station.merchant-a.framing: "asci4" is no framing; did you mean "ascii4"?
            sekisho.toml:10:11: station.merchant-a.framing: "http" is no framing; there is: bin2, bin2le, bin4, ascii4, bcd2, vml, nac
            sekisho.toml:10:11: station.merchant-a.framing: is a number and must be a name in quotes, or a table
            sekisho.toml:10:11: station.merchant-a.framing.name: missing; add a framing to begin with, name = "nac", or how the length is written, prefix = "bin2"
            sekisho.toml:10:22: station.merchant-a.framing.prefix: "bin9" is no prefix; there is bin1 to bin4, bin2le to bin4le, ascii1 to ascii6, bcd1 to bcd3
            sekisho.toml:10:39: station.merchant-a.framing.header: "60000" is not up to sixteen bytes in hexadecimal; write it like "49534F"
            sekisho.toml:10:58: station.merchant-a.framing.trailer: "x" is not up to sixteen bytes in hexadecimal; write it like "49534F"
            sekisho.toml:10:74: station.merchant-a.framing.reserved: 17 is outside of 0 to 16; choose one inside
            sekisho.toml:10:101: station.merchant-a.framing.length_includes_self: is a number and must be true or false, without quotes
            sekisho.toml:10:104: station.merchant-a.framing.tail: unknown key; there is: prefix, name, length_includes_self, reserved, header, trailer, tpdu, tpdu_answer
            sekisho.toml:10:20: station.merchant-a.framing.name: "nax" is no framing; did you mean "nac"?
            sekisho.toml:10:34: station.merchant-a.framing.tpdu: "60" is not five bytes in hexadecimal; write it like "6000030000": identifier, destination, source
            sekisho.toml:10:36: station.merchant-a.framing.prefix: stands beside name, which has a prefix already; keep one of both
            sekisho.toml:10:34: station.merchant-a.framing.tpdu: "600003000" is not five bytes in hexadecimal; write it like "6000030000": identifier, destination, source
            sekisho.toml:10:61: station.merchant-a.framing.tpdu_answer: "swop" is not known here; did you mean "swap"?
            sekisho.toml:10:35: station.merchant-a.framing.tpdu: is a number and must be five bytes in hexadecimal, in quotes
            sekisho.toml:10:42: station.merchant-a.framing.tpdu_answer: says what an answer's TPDU is, and there is none; add tpdu = "6000000000", or remove it
        "#]],
    );
}

#[test]
fn a_framing_can_be_described() {
    let text = changed(
        "framing = \"ascii4\"",
        "framing = { prefix = \"bin2le\", length_includes_self = true, header = \"6000000000\", trailer = \"03\", reserved = 2 }",
    );
    let loaded = loaded(&text);
    let endpoint = &loaded.endpoints[0];
    assert_eq!(endpoint.framing.prefix, codec::Prefix::Binary { bytes: 2, little: true });
    assert!(endpoint.framing.includes_self);
    assert_eq!(endpoint.framing.reserved, 2);
    assert_eq!(endpoint.framing.header.bytes(), [0x60, 0, 0, 0, 0]);
    assert_eq!(endpoint.framing.trailer.bytes(), [3]);
    assert_eq!(endpoint.framing_name, "bin2le counting itself with a header with a trailer");
}

#[test]
fn every_built_in_framing_is_known_by_its_name_and_can_be_added_to() {
    for name in Framing::NAMES {
        let built_in = Framing::built_in(name).unwrap();
        let by_name = loaded(&changed("framing = \"ascii4\"", &format!("framing = \"{name}\"")));
        let endpoint = &by_name.endpoints[0];
        assert_eq!((endpoint.framing, endpoint.framing_name.as_str()), (built_in, name));
        let text = format!("framing = {{ name = \"{name}\", header = \"49534F\" }}");
        let added_to = loaded(&changed("framing = \"ascii4\"", &text));
        let header = Affix::new(b"ISO").unwrap();
        assert_eq!(added_to.endpoints[0].framing, Framing { header, ..built_in });
        assert_eq!(added_to.endpoints[0].framing_name, format!("{name} with a header"));
    }
}

#[test]
fn a_station_has_a_tpdu_of_its_own_and_says_what_its_answers_carry() {
    let framed = |text: &str| {
        let loaded = loaded(&changed("framing = \"ascii4\"", &format!("framing = {text}")));
        (loaded.endpoints[0].framing.tpdu, loaded.endpoints[0].framing_name.clone())
    };
    let own = Tpdu([0x60, 0, 3, 0x12, 0xFF]);
    for (text, tpdu, name) in [
        ("\"nac\"", TpduUse::PLAIN, "nac"),
        ("{ name = \"nac\" }", TpduUse::PLAIN, "nac"),
        ("{ name = \"nac\", tpdu = \"60000312fF\" }", TpduUse { own, swaps: true }, "nac"),
        (
            "{ name = \"nac\", tpdu_answer = \"same\" }",
            TpduUse { swaps: false, ..TpduUse::PLAIN },
            "nac",
        ),
        (
            "{ prefix = \"bcd2\", tpdu = \"60000312FF\", tpdu_answer = \"swap\" }",
            TpduUse { own, swaps: true },
            "bcd2 with a TPDU",
        ),
    ] {
        assert_eq!(framed(text), (Some(tpdu), name.to_owned()), "{text}");
    }
    assert_eq!(framed("{ prefix = \"bin2\" }"), (None, "bin2".to_owned()));
    for (text, shown) in [
        ("\"nac\"", "nac, TPDU 6000000000 and back with its addresses swapped, listens"),
        (
            "{ name = \"nac\", tpdu = \"6000031234\", tpdu_answer = \"same\" }",
            "nac, TPDU 6000031234 and back as it came, listens",
        ),
    ] {
        let loaded = loaded(&changed("framing = \"ascii4\"", &format!("framing = {text}")));
        let summary = loaded.summary();
        assert!(summary.contains(shown), "{summary}");
    }
}

#[test]
fn the_longest_message_fits_the_framing_and_the_scratch_buffer() {
    check_each(
        &[
            acquirer("frame_max = 10000"),
            acquirer("frame_max = \"60KiB\""),
            acquirer("frame_max = 63"),
            acquirer("out_max = \"65MiB\""),
            changed("framing = \"ascii4\"", "framing = { prefix = \"bin1\" }"),
            changed("framing = \"ascii4\"", "framing = { prefix = \"ascii1\" }"),
        ],
        &expect![[r#"
            sekisho.toml:7:13: station.merchant-a.frame_max: messages of 10000 bytes do not fit: the length of ascii4 goes up to 9999; write frame_max = 9999 or less
            sekisho.toml:7:13: station.merchant-a.frame_max: "60KiB" is outside of "64B" to "59KiB"; choose one inside
            sekisho.toml:7:13: station.merchant-a.frame_max: "63B" is outside of "64B" to "59KiB"; choose one inside
            sekisho.toml:7:11: station.merchant-a.out_max: "65MiB" is outside of "64KiB" to "64MiB"; choose one inside
            sekisho.toml:10:11: station.merchant-a.frame_max: messages of 8192 bytes do not fit: the length of bin1 goes up to 255; write frame_max = 255 or less
            sekisho.toml:10:11: station.merchant-a.frame_max: messages of 8192 bytes do not fit: the length of ascii1 goes up to 9; that is too short for messages; choose a longer prefix
        "#]],
    );
    assert_eq!(loaded(&acquirer("frame_max = 9999")).endpoints[0].frame_max, 9_999);
}

#[test]
fn a_station_listens_or_connects() {
    check_each(
        &[
            changed("connect = [\"127.0.0.1:8001\"]", ""),
            acquirer("connect = [\"127.0.0.1:8001\"]"),
            changed("connect = [\"127.0.0.1:8001\"]", "connect = []"),
            changed("connect = [\"127.0.0.1:8001\"]", "connect = \"127.0.0.1:8001\""),
            changed("connect = [\"127.0.0.1:8001\"]", "connect = [8001]"),
        ],
        &expect![[r#"
            sekisho.toml:12:1: station.issuer-x.connect: missing; add connect = ["address:port"] for a station that we call, or listen = [...] for one that calls us
            sekisho.toml:7:11: station.merchant-a.connect: a station either listens or connects; remove one, or make it two stations
            sekisho.toml:18:11: station.issuer-x.connect: is an empty list; name addresses like "127.0.0.1:7001", or remove it
            sekisho.toml:18:11: station.issuer-x.connect: is a text and must be a list, [...], of addresses like "127.0.0.1:7001"
            sekisho.toml:18:12: station.issuer-x.connect: is a number and must be addresses like "127.0.0.1:7001", in quotes
        "#]],
    );
}

#[test]
fn an_address_is_numbers_and_a_port() {
    let connect =
        |to: &str| changed("connect = [\"127.0.0.1:8001\"]", &format!("connect = [\"{to}\"]"));
    check_each(
        &[
            connect("issuer.example:8001"),
            connect("127.0.0.1"),
            connect("127.0.0.1:0"),
            connect("127.0.0.1:70000"),
            connect("127.0.0.1:8001\", \"127.0.0.1:8001"),
        ],
        &expect![[r#"
            sekisho.toml:18:12: station.issuer-x.connect: "issuer.example:8001" names a host, and names are not looked up; write its address, like "127.0.0.1:7001"
            sekisho.toml:18:12: station.issuer-x.connect: "127.0.0.1" has no port; write it like "127.0.0.1:7001"
            sekisho.toml:18:12: station.issuer-x.connect: "127.0.0.1:0" has port 0, which is none; name one
            sekisho.toml:18:12: station.issuer-x.connect: "127.0.0.1:70000" is no address with a port; write it like "127.0.0.1:7001"
            sekisho.toml:18:30: station.issuer-x.connect: 127.0.0.1:8001 stands twice, first at sekisho.toml:18:12; for more connections to one address: links = 2
        "#]],
    );
    check_sealed(
        &changed("listen = [\"127.0.0.1:7001\"]", "listen = [\"127.0.0.1:0\"]"),
        &expect![[r#"
            sekisho.toml:1:1: journal.key: missing: without a key records can not be sealed, and this node does not run; name one ("credential:journal-key"), or add --insecure-demo to try it out without real cards
            sekisho.toml:11:11: station.merchant-a.listen: "127.0.0.1:0" has port 0, which is none; name one
        "#]],
    );
    let listen =
        changed("listen = [\"127.0.0.1:7001\"]", "listen = [\"[::1]:0\", \"127.0.0.1:0\"]");
    assert_eq!(loaded(&listen).endpoints[0].listen.len(), 2, "a demo may take any port");
}

#[test]
fn who_may_connect_is_said_unless_it_is_the_machine_itself() {
    let listen = |lines: &str| changed("listen = [\"127.0.0.1:7001\"]", lines);
    check_each(
        &[
            listen("listen = [\"0.0.0.0:7001\"]"),
            listen("listen = [\"[::1]:7001\", \"10.1.0.1:7001\"]"),
            acquirer("peers = []"),
            acquirer("peers = [\"10.1.0.0/33\", \"10.1.2.3/16\", \"host\", 1]"),
        ],
        &expect![[r#"
            sekisho.toml:11:11: station.merchant-a.listen: 0.0.0.0:7001 is not on loopback, so say who may connect: peers = ["10.1.0.0/16"]
            sekisho.toml:11:25: station.merchant-a.listen: 10.1.0.1:7001 is not on loopback, so say who may connect: peers = ["10.1.0.0/16"]
            sekisho.toml:7:9: station.merchant-a.peers: is an empty list; name address ranges like "10.1.0.0/16", or remove it
            sekisho.toml:7:10: station.merchant-a.peers: "10.1.0.0/33" has more than 32 bits behind the slash
            sekisho.toml:7:25: station.merchant-a.peers: "10.1.2.3/16" has bits set behind its prefix; the range is "10.1.0.0/16"
            sekisho.toml:7:40: station.merchant-a.peers: "host" is no address range; write it like "10.1.0.0/16"
            sekisho.toml:7:48: station.merchant-a.peers: is a number and must be address ranges like "10.1.0.0/16", in quotes
        "#]],
    );
    let open = loaded(&listen(
        "listen = [\"0.0.0.0:7001\"]\npeers = [\"10.1.0.0/16\", \"2001:db8::/32\"]",
    ));
    assert_eq!(open.endpoints[0].peers.len(), 2);
}

#[test]
fn one_station_a_port_unless_peers_are_disjoint() {
    let text = |listen: &str, peers: &str| {
        second(&format!(
            "name = \"merchant-b\"\ninstitution = \"77334000002\"\nlisten = [\"{listen}\"]\npeers = [\"{peers}\"]\n"
        ))
    };
    check_each(
        &[text("127.0.0.1:7001", "127.0.0.2"), text("0.0.0.0:7001", "10.0.0.0/8")],
        &expect![[r#"
            sekisho.toml:28:11: station.merchant-b.listen: station "merchant-a" listens on 127.0.0.1:7001 too (sekisho.toml:11:11), and peers 127.0.0.2/32 and 127.0.0.0/8 overlap, so a caller could be either; use another port, or make `peers` disjoint
            sekisho.toml:28:11: station.merchant-b.listen: 0.0.0.0:7001 and 127.0.0.1:7001 of station "merchant-a" (sekisho.toml:11:11) can not both be bound; use another port
        "#]],
    );
    assert_eq!(loaded(&text("127.0.0.1:7001", "10.0.0.0/8")).endpoints.len(), 3);
    assert_eq!(loaded(&text("127.0.0.2:7001", "127.0.0.0/8")).endpoints.len(), 3);
    assert_eq!(loaded(&text("127.0.0.1:7002", "127.0.0.0/8")).endpoints.len(), 3);
}

#[test]
fn a_name_stands_for_one_station() {
    check(
        &second("name = \"issuer-x\"\ninstitution = \"1\"\nlisten = [\"127.0.0.1:7002\"]\n"),
        &expect![[r#"
            sekisho.toml:26:8: station.issuer-x.name: there is a station of that name at sekisho.toml:13:8; rename or remove one
        "#]],
    );
}

#[test]
fn times_of_a_station_have_units_and_bounds() {
    check_each(
        &[
            issuer("timeout = \"0s\""),
            issuer("timeout = 10"),
            issuer("timeout = \"11m\""),
            issuer("echo = \"on\""),
            issuer("echo = false"),
            issuer("echo = \"500ms\""),
            issuer("reconnect_min = \"5s\"\nreconnect_max = \"1s\""),
            issuer("reconnect_min = \"0s\""),
        ],
        &expect![[r#"
            sekisho.toml:14:11: station.issuer-x.timeout: "0s" is outside of "10ms" to "10m"; choose one inside
            sekisho.toml:14:11: station.issuer-x.timeout: 10 has no unit; write it like "10s" (us, ms, s, m, h, d)
            sekisho.toml:14:11: station.issuer-x.timeout: "11m" is outside of "10ms" to "10m"; choose one inside
            sekisho.toml:14:8: station.issuer-x.echo: "on" is neither "off" nor a duration like "30s"
            sekisho.toml:14:8: station.issuer-x.echo: is true or false and must be "off" or a duration like "30s"
            sekisho.toml:14:8: station.issuer-x.echo: "500ms" is outside of "1s" to "1h"; choose one inside
            sekisho.toml:15:17: station.issuer-x.reconnect_max: is shorter than reconnect_min; make it longer
            sekisho.toml:14:17: station.issuer-x.reconnect_min: "0s" is outside of "1ms" to "1h"; choose one inside
        "#]],
    );
}

#[test]
fn the_longest_pause_is_never_shorter_than_the_shortest() {
    let issuer = &loaded(&issuer("reconnect_min = \"20s\"")).settings.stations[1];
    assert_eq!(issuer.reconnect, (Duration::from_secs(20), Duration::from_secs(20)));
}

#[test]
fn words_of_a_station_are_one_of_a_few() {
    check_each(
        &[
            issuer("sign_on = \"our\""),
            issuer("sign_on = false"),
            issuer("pin = \"copy\""),
            acquirer("mac = \"cmac\""),
        ],
        &expect![[r#"
            sekisho.toml:14:11: station.issuer-x.sign_on: "our" is not known here; did you mean "ours"?
            sekisho.toml:14:11: station.issuer-x.sign_on: is true or false and must be one of none, ours, theirs, in quotes
            sekisho.toml:14:7: station.issuer-x.pin: "copy" is not known here; there is: refuse, pass
            sekisho.toml:7:7: station.merchant-a.mac: "cmac" is not known here; there is: none, stand-in
        "#]],
    );
    check_sealed(
        &acquirer("mac = \"stand-in\""),
        &expect![[r#"
        sekisho.toml:1:1: journal.key: missing: without a key records can not be sealed, and this node does not run; name one ("credential:journal-key"), or add --insecure-demo to try it out without real cards
        sekisho.toml:7:7: station.merchant-a.mac: "stand-in" checks no code and needs --insecure-demo; write "none"
    "#]],
    );
    assert_eq!(loaded(&acquirer("mac = \"stand-in\"")).settings.stations[0].keys, Keys::Provider);
}

#[test]
fn numbers_of_a_station_have_bounds() {
    check_each(
        &[
            issuer("links = 0"),
            issuer("links = 1025"),
            acquirer("links = 65536"),
            issuer("in_flight_max = 900001"),
            issuer("in_flight_max = \"10\""),
            issuer("match = [1, 129]"),
            issuer("match = []"),
            issuer("match = [11]"),
            issuer("match = \"37\""),
        ],
        &expect![[r#"
            sekisho.toml:14:9: station.issuer-x.links: 0 is outside of 1 to 1024; choose one inside
            sekisho.toml:14:9: station.issuer-x.links: 1025 is outside of 1 to 1024; choose one inside
            sekisho.toml:7:9: station.merchant-a.links: 65536 is outside of 1 to 65535; choose one inside
            sekisho.toml:14:17: station.issuer-x.in_flight_max: 900001 is outside of 1 to 900000; choose one inside
            sekisho.toml:14:17: station.issuer-x.in_flight_max: is a text and must be a whole number, without quotes
            sekisho.toml:14:10: station.issuer-x.match: 1 is outside of 2 to 128; choose one inside
            sekisho.toml:14:13: station.issuer-x.match: 129 is outside of 2 to 128; choose one inside
            sekisho.toml:14:9: station.issuer-x.match: names no field beside DE 11, and that alone proves no answer; name fields that the issuer echoes, or remove it for 7, 12, 32, 37, 41
            sekisho.toml:14:9: station.issuer-x.match: names no field beside DE 11, and that alone proves no answer; name fields that the issuer echoes, or remove it for 7, 12, 32, 37, 41
            sekisho.toml:14:9: station.issuer-x.match: is a text and must be a list, [...], of numbers
        "#]],
    );
}

#[test]
fn an_answer_is_compared_by_fields_that_are_kept_of_its_request() {
    let all = "match = [2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59]";
    assert_eq!(loaded(&issuer(all)).settings.stations[1].echoed, switch_core::kept::KEPT_FIELDS);
    check(
        &issuer("match = [37, 38, 41, 48]"),
        &expect![[r#"
        sekisho.toml:14:14: station.issuer-x.match: 38 is not kept of a request, so no answer could be compared with it; choose among 2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59
        sekisho.toml:14:22: station.issuer-x.match: 48 is not kept of a request, so no answer could be compared with it; choose among 2, 3, 4, 7, 11, 12, 28, 29, 32, 33, 37, 41, 42, 49, 59
    "#]],
    );
}

#[test]
fn a_key_without_an_effect_on_this_station_is_reported() {
    let text = acquirer("timeout = \"5s\"\npin = \"pass\"\nreconnect_min = \"1s\"");
    check_each(
        &[text, issuer("mac = \"none\"\npeers = [\"10.0.0.0/8\"]")],
        &expect![[r#"
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
            control /run/sekisho/control.sock, log info
            each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
            station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
              repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
            station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
              stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
            route 353011: issuer-x
            sekisho.toml:7:1: station.merchant-a.timeout: no effect on an acquirer
            sekisho.toml:8:1: station.merchant-a.pin: no effect on an acquirer
            sekisho.toml:9:1: station.merchant-a.reconnect_min: no effect: the station connects
            node tokyo: institution 49000000001, 2 workers
            state /var/lib/sekisho
            journal local, mapped, segments of 64MiB, kept 35d, originals found for 35d, batches gathered for 250us at most, read through every 1d, sealed with a key made for trial
            control /run/sekisho/control.sock, log info
            each worker: 262144 transactions, 512 held repeats, 65536 messages stored for issuers, repeats of 262144 known
            station merchant-a: acquirer, iso93-ascii, ascii4, listens on 127.0.0.1:7001 for 127.0.0.0/8 ::1/128, at most 1024 links, sign-on none, echo 30s
              repeats in flight held, unknown originals answered 400, second reversals 400, gives up after 1m
            station issuer-x: issuer, iso93-binary, bin2, connects to 127.0.0.1:8001, sign-on none, echo 30s, timeout 10s
              stored messages 1 at once, at most 50/s, again after 1m and then 1s apart, alarm after 6 failures
            route 353011: issuer-x
            sekisho.toml:14:1: station.issuer-x.mac: no effect on an issuer
            sekisho.toml:15:1: station.issuer-x.peers: no effect: we connect, nobody connects to us
        "#]],
    );
    let both = changed("role = \"issuer\"", "role = \"both\"\nmac = \"none\"\ntimeout = \"5s\"");
    assert_eq!(loaded(&both).inactive, []);
}

#[test]
fn there_is_a_largest_number_of_stations() {
    let stations = |count: u32| {
        let one = |number| {
            let port = 10_000 + number;
            format!(
                "[[station]]\nrole = \"acquirer\"\ndialect = \"iso93-ascii\"\nframing = \"bin2\"\nname = \"a-{number}\"\ninstitution = \"{number}\"\nlisten = [\"127.0.0.1:{port}\"]\n"
            )
        };
        format!("{WHOLE}{}", (0..count - 2).map(one).collect::<String>())
    };
    assert_eq!(loaded(&stations(1_024)).endpoints.len(), 1_024);
    check(
        &stations(1_025),
        &expect![[r#"
        sekisho.toml:1:1: station: 1025 stations; at most 1024
    "#]],
    );
}

#[test]
fn network_codes_are_three_digits_each_and_no_two_alike() {
    check_each(
        &[
            acquirer("network_codes = \"061\""),
            acquirer("network_codes = { sign_on = 61, sign_off = \"62\", echo = \"2 0\" }"),
            acquirer("network_codes = { sign_on = \"301\" }"),
            acquirer("network_codes = { sign_off = \"061\", sign_on = \"061\" }"),
            acquirer("network_codes = { signon = \"061\" }"),
        ],
        &expect![[r#"
            sekisho.toml:7:17: station.merchant-a.network_codes: is a text and must be a table, { sign_on = "061", echo = "270" }
            sekisho.toml:7:29: station.merchant-a.network_codes.sign_on: is a number and must be three digits, such as "001", in quotes
            sekisho.toml:7:44: station.merchant-a.network_codes.sign_off: "62" is no code of DE 70; write three digits
            sekisho.toml:7:57: station.merchant-a.network_codes.echo: "2 0" is no code of DE 70; write three digits
            sekisho.toml:7:17: station.merchant-a.network_codes.echo: is 301, and so is sign_on; give one of them another code
            sekisho.toml:7:30: station.merchant-a.network_codes.sign_off: is 061, and so is sign_on; give one of them another code
            sekisho.toml:7:19: station.merchant-a.network_codes.signon: unknown key; did you mean "sign_on"?
        "#]],
    );
}

#[test]
fn network_codes_have_no_effect_on_a_station_of_1993() {
    let loaded = loaded(&acquirer("network_codes = { sign_on = \"061\" }"));
    let why: Vec<String> = loaded.inactive.iter().map(ToString::to_string).collect();
    expect![[r#"
        station.merchant-a.network_codes: no effect on a station that is not of 1987, whose DE 70 is another thing
    "#]].assert_eq(&(why.join("\n") + "\n"));
}

#[test]
fn a_route_joins_stations_of_one_edition() {
    let both = WHOLE.replace("iso93", "iso87");
    assert_eq!(loaded(&both).settings.stations[1].dialect.name(), "iso87-binary");
    check(
        &changed("dialect = \"iso93-ascii\"", "dialect = \"iso87-ascii\""),
        &expect![[r#"
            sekisho.toml:16:11: station.issuer-x.dialect: acquirer "merchant-a" speaks iso87-ascii (at sekisho.toml:9:11), and between versions of ISO 8583 nothing can be forwarded yet; give both a dialect of one version
        "#]],
    );
}

#[test]
fn a_station_of_1987_has_the_usual_network_codes_where_it_names_no_others() {
    let codes = |line: &str| {
        let text = acquirer(line).replace("iso93", "iso87");
        let loaded = loaded(&text);
        assert_eq!(loaded.inactive, []);
        loaded.settings.stations[0].network_codes
    };
    let usual = NetworkCodes { sign_on: 0x001, sign_off: 0x002, echo: 0x301, announce: 0 };
    assert_eq!(codes(""), usual);
    assert_eq!(codes("network_codes = { echo = \"270\" }"), NetworkCodes { echo: 0x270, ..usual });
    let all = "network_codes = { sign_on = \"061\", sign_off = \"062\", echo = \"270\", announce = \"804\" }";
    let said = NetworkCodes { sign_on: 0x061, sign_off: 0x062, echo: 0x270, announce: 0x804 };
    assert_eq!(codes(all), said);
}
