//! The program under attack, from outside: the real binary against hostile devices, files and
//! readers, searched for secrets, on a real terminal, killed. Each row is one attack; what holds is
//! said beside its table. One binary, one module a group.
#![cfg(unix)]
#![allow(missing_docs)]

#[path = "../common/small/mod.rs"]
mod small;

mod chosen;
mod device;
mod document;
mod file;
mod journal;
mod kill;
mod log;
mod pipe;
mod process;
mod profile;
mod readable;
mod secret;
mod spelled;
mod terminal;
mod texts;
mod tokens;
