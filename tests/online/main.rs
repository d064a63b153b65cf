//! The program and its library against devices on loopback. One binary, one module a topic.
#![allow(missing_docs)]

#[path = "../common/accounts/mod.rs"]
mod accounts;
#[path = "../common/controller/mod.rs"]
mod controller;
#[path = "../common/handler/mod.rs"]
mod handler;
#[path = "../common/plain/mod.rs"]
mod plain;
#[path = "../common/scripted/mod.rs"]
mod scripted;
#[path = "../common/small/mod.rs"]
mod small;
#[path = "../common/support/mod.rs"]
mod support;

mod announced;
mod awkward;
mod back;
mod beside;
mod campaign;
mod check;
mod clean;
mod cli;
mod contract_url;
mod creating;
mod creating_accounts;
mod credentials;
mod engine;
mod gate;
mod guarding;
mod harmless;
mod heads;
mod ideas;
mod kills;
mod maps;
mod naming;
mod narrow;
mod own_mocks;
mod paging;
mod panel;
mod promised;
mod rare;
mod readings;
mod replay;
mod restoring;
mod said;
mod session;
mod shards;
mod slow;
mod stored;
mod targets;
mod transport;
mod transport_failures;
mod transport_tls;
mod unsaid;
mod unshown;
mod verdicts;
mod versions;
