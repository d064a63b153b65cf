#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    probity::fuzzing::json::body(data);
    let jiter = |data: &[u8]| jiter::JsonValue::parse(data, false).is_ok();
    probity::fuzzing::json::against(data, jiter);
});
