//! Reports: the result model of [`crate::run::result`] in many formats, and listeners for the
//! runner's events. One file a format. May import everything below it.
