//! Devices.

use super::parse_device;

#[track_caller]
fn check(text: &str, name: &str, required: bool) {
    let device = parse_device(text).expect("a device");
    assert_eq!((device.name.as_str(), device.required), (name, required), "{text}");
}

#[track_caller]
fn check_refused(text: &str, message: &str) {
    assert_eq!(parse_device(text).expect_err("a refusal").message, message, "{text}");
}

#[test]
fn devices() {
    check("vendor.com/device", "vendor.com/device", false);
    check("vendor.com/device=foo,required", "vendor.com/device=foo", true);
    check("name=vendor.com/device=foo,required=0", "vendor.com/device=foo", false);
    check_refused("a=b,name=c=d", "device name is already `a=b`");
    check_refused("a,requird=true", "unknown device option `requird`");
    check_refused("a,required=maybe", "invalid value `maybe` for `required`");
}
