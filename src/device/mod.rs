//! HTTP transport byte for byte, login session, settings guard, life monitor. May import
//! [`crate::exchange`] and [`crate::profile`]; does not know the mock.
