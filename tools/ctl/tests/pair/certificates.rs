//! An authority and what it signs for each of two nodes, as files. Must not know who reads them.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// Writes `authority.crt`, and `NAME.crt` and `NAME.key` of each name; behind it what stands in the certificate.
pub(crate) fn write(place: &Path, names: [(&str, &str); 3]) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(place.join("authority.crt"), authority.self_signed(&key).unwrap().pem()).unwrap();
    let authority = Issuer::new(authority, key);
    for (name, of) in names {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![of.to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        fs::write(place.join(format!("{name}.crt")), certificate.pem()).unwrap();
        fs::write(place.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}
