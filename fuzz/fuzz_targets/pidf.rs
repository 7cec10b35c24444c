#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| callbox_fuzz::pidf::check(data));
