#![no_main]
libfuzzer_sys::fuzz_target!(
    init: probity::fuzzing::stage::warm(),
    |data: &[u8]| probity::fuzzing::front::body(data)
);
