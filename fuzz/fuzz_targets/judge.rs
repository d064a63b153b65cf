#![no_main]
libfuzzer_sys::fuzz_target!(
    init: probity_fuzzing::stage::warm(),
    |data: &[u8]| probity_fuzzing::judge::body(data)
);
