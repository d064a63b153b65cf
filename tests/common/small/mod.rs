//! A small contract with a read-back and without a login, whose plan is short: for tests that start
//! the binary many times.
#![allow(dead_code)]

use probity::contract;
use probity::mock::{self, Mock, MockConfig};
use probity::profile::Profile;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

const CONTRACT: &str = r##"openapi: 3.1.0
info: {title: Small device, version: "1"}
paths:
  /settings:
    put:
      operationId: setSettings
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, port]
              properties:
                name: {type: string, minLength: 1, maxLength: 20}
                port: {type: integer, minimum: 1, maximum: 65535}
                mode: {type: string, enum: [auto, manual]}
      responses:
        "200": {description: OK}
        "400": {description: Refused}
"##;

const PROFILE: &str = r#"
[read-back.setSettings]
path = "/state"
[life]
path = "/life"
uptime = "/uptime"
"#;

/// A mock of the small contract that outlives the processes under test, and a folder for them.
pub struct Scene {
    pub mock: Mock,
    pub folder: tempfile::TempDir,
}

impl Scene {
    pub fn new(faults: &[&str]) -> Scene {
        let folder = tempfile::tempdir().expect("folder");
        let (contract_file, device) = (
            folder.path().join("small.yaml"),
            folder.path().join("device.toml"),
        );
        std::fs::write(&contract_file, CONTRACT).expect("contract");
        std::fs::write(&device, PROFILE).expect("profile");
        let contract = contract::load(&contract_file).expect("contract loads");
        let profile = Profile::from_toml(PROFILE).expect("profile loads");
        let config = MockConfig::clean(Arc::new(contract), Arc::new(profile))
            .with_faults(faults.iter().map(|f| (*f).to_owned()));
        Scene {
            mock: mock::spawn(config).expect("mock"),
            folder,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary against this mock.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
        command
            .arg(name)
            .args(["--contract", "small.yaml", "--device", "device.toml"])
            .args(["--target", &format!("http://{}", self.mock.addr())])
            .args(arguments)
            .current_dir(self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The binary with a journal: begun where there is none, else resumed.
    pub fn job(&self, name: &str, arguments: &[&str], journal: &Path) -> Command {
        let mut command = self.command(name, arguments);
        command.arg("--journal").arg(journal);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if journal.exists() {
            command.arg("--resume");
        }
        command
    }
}
