//! Which operations act, by words of path, name, summary, parameters and values, and which only sound
//! like it; which writes may cut the connection; which `POST` reads.

use probity::contract::{Allowed, Contract, Effect, Effects, Policy, load_bytes};
use probity::exchange::{HttpRequest, Request};
use probity::profile::Profile;
use serde_json::{Map, Value, json};

/// `METHOD /path | operationId | summary | query | body | answer`; what is at the end may be missing.
/// Query, body and answer are lists of `name` (text), `name:TYPE` or `name=a,b` (enumeration); with
/// `!` a parameter must be there; an answer `[…]` is a list.
fn document(lines: &[&str]) -> Contract {
    let mut paths: Map<String, Value> = Map::new();
    for line in lines {
        let mut parts = line.split('|').map(str::trim);
        let mut next = || parts.next().unwrap_or_default();
        let (call, id, summary, query, body, answer) =
            (next(), next(), next(), next(), next(), next());
        let (method, path) = call.split_once(' ').expect("a method and a path");
        let in_path = path.split('{').skip(1).filter_map(|p| p.split_once('}'));
        let in_path = in_path.map(|(name, _)| {
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}})
        });
        let in_query = query.split_whitespace().map(|text| {
            let (name, schema) = member(text.trim_start_matches('!'));
            json!({"name": name, "in": "query", "required": text.starts_with('!'), "schema": schema})
        });
        let mut operation = json!({
            "summary": summary,
            "parameters": in_path.chain(in_query).collect::<Vec<_>>(),
            "responses": {"200": {"description": "done"}},
        });
        if !id.is_empty() {
            operation["operationId"] = json!(id);
        }
        if !body.is_empty() {
            let content = json!({"application/json": {"schema": object(body)}});
            operation["requestBody"] = json!({"required": true, "content": content});
        }
        if !answer.is_empty() {
            let schema = match answer.strip_prefix('[') {
                Some(items) => {
                    json!({"type": "array", "items": object(items.trim_end_matches(']'))})
                }
                None => object(answer),
            };
            operation["responses"]["200"]["content"] =
                json!({"application/json": {"schema": schema}});
        }
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method.to_lowercase()] = operation;
    }
    let document =
        json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths});
    load_bytes("t", document.to_string().as_bytes()).expect("a contract")
}

fn object(members: &str) -> Value {
    let properties: Map<String, Value> = members.split_whitespace().map(member).collect();
    json!({"type": "object", "properties": properties})
}

fn member(text: &str) -> (String, Value) {
    if let Some((name, values)) = text.split_once('=') {
        let values: Vec<&str> = values.split(',').collect();
        return (name.to_owned(), json!({"type": "string", "enum": values}));
    }
    let (name, kind) = text.split_once(':').unwrap_or((text, "string"));
    (name.to_owned(), json!({"type": kind}))
}

const READ: Effect = Effect::Reads;
const WRITE: Effect = Effect::Writes;
const MAKE: Effect = Effect::Creates;
const LOST: Effect = Effect::Irreversible;
const ACT: Effect = Effect::Acts;

/// One operation alone.
const ALONE: &[(&str, Effect, &str)] = &[
    // Words of the path, in several languages
    ("GET /api/klingeln", ACT, "`klingeln`"),
    ("GET /api/läuten", ACT, "`lauten`"),
    ("GET /api/sonner", ACT, "`sonner`"),
    ("GET /api/abrir", ACT, "`abrir`"),
    ("GET /tor/öffnen", ACT, "`offnen`"),
    ("GET /porta/suonare", ACT, "`suonare`"),
    ("GET /puerta/tocar", ACT, "`tocar`"),
    ("GET /deur/aanbellen", ACT, "`aanbellen`"),
    ("GET /dvere/zazvonit", ACT, "`zazvonit`"),
    ("GET /дверь/закрыть", ACT, "`закрыть`"),
    ("GET /relay/1/impulse", ACT, "`impulse`"),
    ("GET /relay/1/pulse", ACT, "`pulse`"),
    ("GET /alarm/silence", ACT, "`silence`"),
    ("GET /alarm/mute", ACT, "`mute`"),
    ("GET /door/unlock", ACT, "`unlock`"),
    ("GET /rpc/Switch.GetConfig", READ, "GET reads"),
    ("GET /relays/Switch.Toggle", ACT, "`switch`"),
    ("GET /door/verrouiller", ACT, "`verrouiller`"),
    // "all" behind a command is what it acts on.
    ("GET /doors/open-all", ACT, "`open`"),
    ("GET /unlock/all", ACT, "`unlock`"),
    ("GET /reset/current", ACT, "`reset`"),
    ("GET /reset/status", READ, ""),
    // Remote procedures: the verb is that of the procedure, not of what it belongs to.
    ("GET /rpc/Switch.GetConfig", READ, ""),
    ("GET /rpc/Switch.GetStatus ||||| output:boolean", READ, ""),
    ("GET /rpc/Script.List", READ, ""),
    ("GET /config/network.json", READ, ""),
    ("GET /rpc/Switch.Toggle", ACT, ""),
    ("GET /rpc/Shelly.Reboot", ACT, ""),
    ("GET /api/Switch.Toggle", ACT, "`switch`"),
    (
        "GET /rpc/Light.Set ||| on:boolean || was_on:boolean",
        ACT,
        "`set`",
    ),
    (
        "GET /rpc/Wifi.SetConfig ||||| restart_required:boolean",
        ACT,
        "`set`",
    ),
    ("GET /rpc/KVS.Delete | kvsGet", ACT, "`delete`"),
    // Summaries
    (
        "GET /relay/1 || Switches the relay on for one second",
        ACT,
        "`switches`",
    ),
    ("GET /light || Turns the light off", ACT, "`turns`"),
    // What only says how it went has shown nothing.
    (
        "GET /siren | siren | Sounds the siren for 5 seconds ||| result",
        ACT,
        "`sounds`",
    ),
    (
        "GET /api/led | led | Switch LED | !state=on,off || result message",
        ACT,
        "`state`",
    ),
    (
        "GET /api/lamps | lamps | Lamps | !state=on,off || [id name]",
        READ,
        "reads",
    ),
    ("GET /relais || Schaltet das Relais ein", ACT, "`schaltet`"),
    ("GET /tor || Öffnet das Tor", ACT, "`offnet`"),
    (
        "GET /cgi/config || Loads the factory defaults",
        ACT,
        "`factory`",
    ),
    ("GET /porte || Fait sonner la porte", ACT, "`sonner`"),
    ("GET /pairs || Wipes all pairings", ACT, "`wipes`"),
    ("GET /flash/log || Flushes the log", ACT, "`flushes`"),
    (
        "GET /config || Returns the factory defaults",
        READ,
        "GET reads",
    ),
    (
        "GET /config || Factory defaults of each setting |||a",
        READ,
        "GET reads",
    ),
    (
        "GET /relay/1 || Shows whether the relay is switched on",
        READ,
        "GET reads",
    ),
    (
        "GET /reasons || Reasons of the last reset |||a",
        READ,
        "GET reads",
    ),
    (
        "GET /resets || Number of resets since the start |||a",
        READ,
        "GET reads",
    ),
    ("GET /silences || Lists silences |||[id]", READ, "GET reads"),
    (
        "GET /sonar | getSonar | Distance that the sonar measures || |a",
        READ,
        "GET reads",
    ),
    ("GET /sonne || Sunrise and sunset", READ, "GET reads"),
    // Parameters
    (
        "GET /x | x | | !action=restore,reboot",
        ACT,
        "each value of its parameter `action`",
    ),
    ("GET /x | x | | !cmd", ACT, "`cmd` says what it does"),
    ("GET /x | x | | action=restore,show", READ, "GET reads"),
    ("GET /log | log | | clear:boolean", READ, "GET reads"),
    ("GET /audit | audit | | !action | | [id]", READ, "GET reads"),
    (
        "GET /events | events | | type=reboot,login | | [id]",
        READ,
        "GET reads",
    ),
    // Looking something up
    (
        "POST /calls/search || Finds entries of the list; changes nothing || text | [id]",
        READ,
        "it searches",
    ),
    (
        "POST /routes/calculate | calc | || from | length",
        READ,
        "it searches",
    ),
    (
        "POST /config/validate ||| | a | valid:boolean",
        READ,
        "it searches",
    ),
    (
        "POST /calls || Queries the calls || text | [id]",
        READ,
        "it searches",
    ),
    ("POST /calls/search ||| | text", LOST, "no operation reads"),
    (
        "POST /calls/search || Finds entries and removes them || text | [id]",
        LOST,
        "no operation reads",
    ),
    (
        "POST /calls/search | s | Searches and reboots || text | [id]",
        ACT,
        "`reboots`",
    ),
    ("POST /search/start ||| | text | [id]", ACT, "`start`"),
];

/// A resource with `GET`, which shows what the write sets.
const SETTINGS: &[(&str, Effect, &str)] = &[
    // Values that act
    (
        "PUT /pairing | putPairing | Mode of pairing || mode=idle,pairing,wipe",
        ACT,
        "`wipe` of its member `mode`",
    ),
    (
        "PUT /device || || state=running,factory-reset",
        ACT,
        "`factory-reset`",
    ),
    ("PATCH /device || || command=none,reboot", ACT, "`reboot`"),
    ("PUT /door || || action=none,dial", ACT, "`dial`"),
    ("PUT /door || || lock=lock,unlock", ACT, "`unlock`"),
    (
        "PUT /device || || name rebootNow:boolean factoryReset:boolean",
        ACT,
        "its member `",
    ),
    (
        "PUT /pairing || Starts pairing, or wipes all pairings || a",
        ACT,
        "`wipes`",
    ),
    ("PUT /device || || mode=normal,eco", WRITE, "every member"),
    (
        "PUT /device || || onFailure=restart,ignore",
        WRITE,
        "every member",
    ),
    (
        "PUT /device || || restartPolicy=always,restart",
        WRITE,
        "every member",
    ),
    (
        "PUT /button || || function=none,reset",
        WRITE,
        "every member",
    ),
    (
        "PUT /device || || rebootRequired:boolean autoReboot:boolean",
        WRITE,
        "every member",
    ),
    (
        "PUT /device || || power=on,off state=open,closed",
        WRITE,
        "every member",
    ),
    (
        "PUT /schedule || || command=none,reboot",
        WRITE,
        "every member",
    ),
    // The device's own address
    (
        "PUT /network | putNetwork | Address of this device || dhcp:boolean ip",
        LOST,
        "`dhcp` may be the address under which",
    ),
    (
        "PUT /settings/ethernet || || mtu ipAddress netmask",
        LOST,
        "`ipAddress` may be",
    ),
    ("PUT /wan || || mode ip gateway", LOST, "may be"),
    (
        "PATCH /config | setWlan || | gateway",
        LOST,
        "`gateway` may be",
    ),
    (
        "PUT /system || || httpPort:integer",
        LOST,
        "`httpPort` may be",
    ),
    (
        "PUT /x || Sets the IP address of this device || address",
        LOST,
        "`address` may be",
    ),
    ("PUT /netzwerk || || hostname", LOST, "`hostname` may be"),
    ("PUT /wifi || || ssid hidden:boolean", WRITE, "every member"),
    ("PUT /network || || host mtu:integer", WRITE, "every member"),
    ("PUT /network/ntp || || ip address", WRITE, "every member"),
    ("PUT /network/sip-proxy || || ip", WRITE, "every member"),
    (
        "PUT /syslog || IP address of the syslog host || address",
        WRITE,
        "every member",
    ),
    ("PUT /doors/1 || || ip address", WRITE, "every member"),
    (
        "PUT /network || || proxyAddress dnsServer ntpAddress",
        WRITE,
        "every member",
    ),
    (
        "PUT /settings || || hostname dhcp:boolean port:integer",
        WRITE,
        "every member",
    ),
    (
        "PUT /owner || Name and address of the owner || address",
        WRITE,
        "every member",
    ),
    // The device's clock
    (
        "PUT /system/time || || now timezone",
        LOST,
        "`now` sets the device's clock",
    ),
    ("PATCH /clock | setClock || | utcTime", LOST, "`utcTime`"),
    ("PUT /x | putUhrzeit || | mode date", WRITE, "every member"),
    (
        "PUT /time/ntp || || server interval:integer",
        WRITE,
        "every member",
    ),
    ("PUT /alarm/time || || time", WRITE, "every member"),
    (
        "PUT /idle | setIdleTime || | time:integer",
        WRITE,
        "every member",
    ),
    // Nouns that are verbs elsewhere
    ("PUT /dial | putDial || | number", WRITE, "every member"),
    (
        "PUT /trigger | updateTrigger || | level",
        WRITE,
        "every member",
    ),
    ("PUT /thing | reboot || | number", ACT, "`reboot`"),
    ("PUT /reset | setReset || | number", ACT, "`reset`"),
];

/// A collection whose items can be read, changed and removed: what creates one.
const RECORDS: &[(&str, Effect, &str)] = &[
    ("POST /dials | addDial || | number | id", MAKE, "removes it"),
    (
        "POST /dials | createDial | Adds a speed dial || number | id",
        MAKE,
        "removes it",
    ),
    ("POST /rings | newRing || | tone | id", MAKE, "removes it"),
    (
        "POST /scans | createScan || | range | id",
        MAKE,
        "removes it",
    ),
    ("POST /locks | addLock || | place | id", MAKE, "removes it"),
    (
        "POST /messages | addMessage || | text | id",
        MAKE,
        "removes it",
    ),
    ("POST /dials | dialNumber || | number | id", ACT, "`dial`"),
    (
        "POST /dials | addDial | Dials the number || number | id",
        ACT,
        "`dials`",
    ),
    (
        "POST /reboots | createReboot || | text | id",
        ACT,
        "`reboot",
    ),
    (
        "POST /tasks | addTask || | command=wipe,scan | id",
        ACT,
        "`wipe`",
    ),
    (
        "POST /schedules | addSchedule || | command=reboot,scan | id",
        MAKE,
        "removes it",
    ),
];

fn wrong(lines: &[&str], effect: Effect, reason: &str) -> Option<String> {
    let contract = document(lines);
    let effects = Effects::of(&contract, &Profile::default());
    let asked = lines.last()?;
    let mut parts = asked.split('|').map(str::trim);
    let (call, id) = (parts.next()?, parts.next().unwrap_or_default());
    let found = effects.get(if id.is_empty() { call } else { id })?;
    let right = found.effect == effect && found.reason.contains(reason);
    (!right).then(|| format!("{asked}: {} ({})", found.effect, found.reason))
}

/// Lines with the effect of each and words of its reason.
pub(crate) type Lines = [(&'static str, Effect, &'static str)];

/// What is decided otherwise of operations alone, of settings that `GET` shows, and of what creates a
/// record.
pub(crate) fn all_wrong(alone: &Lines, settings: &Lines, records: &Lines) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (line, effect, reason) in alone {
        all.extend(wrong(&[line], *effect, reason));
    }
    for (line, effect, reason) in settings {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let path = parts[0].split_once(' ').expect("a path").1;
        let read = format!("GET {path} || || | {}", parts[4]);
        all.extend(wrong(&[&read, line], *effect, reason));
    }
    for (line, effect, reason) in records {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let path = parts[0].split_once(' ').expect("a path").1;
        let around = [
            format!("GET {path}/{{id}} | readOne || | | {}", parts[4]),
            format!("PUT {path}/{{id}} | putOne || | {}", parts[4]),
            format!("DELETE {path}/{{id}} | deleteOne"),
        ];
        let lines = [&around[0], &around[1], &around[2], *line];
        all.extend(wrong(&lines, *effect, reason));
    }
    all
}

#[test]
fn operations_act_by_their_words_and_not_by_their_nouns() {
    let wrong = all_wrong(ALONE, SETTINGS, RECORDS);
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn a_write_of_the_own_address_says_what_opens_it() {
    let contract = document(&["GET /lan |||||ip", "PUT /lan | putLan |||ip"]);
    let effects = Effects::of(&contract, &Profile::default());
    let opens = effects.get("putLan").and_then(|e| e.opens.clone());
    assert_eq!(opens.as_deref(), Some("--allow putLan"));
}

/// A read stays one; requests that carry what makes it act are not sent, in no spelling.
#[test]
fn a_query_that_acts_is_not_sent() {
    let contract = document(&[
        "GET /log | readLog | | clear:boolean limit:integer | | [id]",
        "GET /x | readX | | action=restore,show reboot:integer | | a",
    ]);
    let profile = Profile::default();
    let table = [
        ("GET", "/log", true),
        ("GET", "/log?limit=3", true),
        ("GET", "/log?clear=false", true),
        ("GET", "/log?clear=true", false),
        ("GET", "/log?clear=1&limit=3", false),
        ("GET", "/log?clear", false),
        ("GET", "/log?limit=3&CLEAR=true", false),
        ("GET", "/log?%63lear=true", false),
        ("GET", "/log?clear=false&clear=true", false),
        ("HEAD", "/log?clear=true", false),
        ("OPTIONS", "/log?clear=true", false),
        ("GET", "//log/?clear=true", false),
        ("GET", "/x?action=show", true),
        ("GET", "/x?action=restore", false),
        ("GET", "/x?action=%72estore", false),
        ("GET", "/x?action=show,restore", false),
        ("GET", "/x?reboot=1", false),
    ];
    let sent = |allowed: Allowed, method: &str, target: &str| {
        let policy = Policy::new(&contract, &profile, &allowed).expect("a policy");
        let request = HttpRequest {
            method: method.to_owned(),
            target: target.into(),
            ..HttpRequest::default()
        };
        policy.permits(&Request::Http(request))
    };
    for (method, target, want) in table {
        let said = sent(Allowed::default(), method, target);
        assert_eq!(said.is_ok(), want, "{method} {target}: {said:?}");
    }
    let named = Allowed {
        operations: vec!["readLog".to_owned()],
        ..Allowed::default()
    };
    assert!(sent(named.clone(), "GET", "/log?clear=true").is_ok());
    assert!(sent(named, "GET", "/x?action=restore").is_err());
    let refusal = sent(Allowed::default(), "GET", "/log?clear=true").expect_err("a refusal");
    assert!(refusal.reason.contains("--allow readLog"), "{refusal}");
}

/// What `POST` does below an item is the server's to say: where nothing reads it, an item of our own is no
/// reason to send it. A list of items is no item.
#[test]
fn what_nobody_reads_is_not_sent_to_an_item_of_our_own() {
    let contract = document(&[
        "GET /notes | listNotes |||| [id title]",
        "POST /notes | createNote ||| title | id title",
        "GET /notes/{id} | getNote |||| id title",
        "DELETE /notes/{id} | deleteNote",
        "PUT /notes/{id}/tag | tagNote ||| tag",
        "POST /notes/{id}/mark | markNote ||| colour",
        "POST /notes/{id}/share | shareNote | Shares the note by e-mail || with",
    ]);
    let effects = Effects::of(&contract, &Profile::default());
    for (id, effect, on_own) in [
        ("createNote", MAKE, false),
        ("tagNote", LOST, true),
        ("markNote", LOST, false),
        ("shareNote", ACT, false),
    ] {
        let found = effects.get(id).expect(id);
        assert_eq!((found.effect, found.on_own), (effect, on_own), "{found:?}");
    }
    let item = json!({"type": "object", "properties": {"title": {"type": "string"}}});
    let list = json!({"type": "array", "items": item});
    let content = |schema: &Value| json!({"application/json": {"schema": schema}});
    let answer = |schema: &Value| json!({"200": {"description": "OK", "content": content(schema)}});
    let in_path =
        json!([{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}]);
    let many = json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {
        "/notes": {
            "get": {"operationId": "listNotes", "responses": answer(&list)},
            "post": {"operationId": "createNotes", "responses": answer(&list),
                     "requestBody": {"required": true, "content": content(&list)}},
        },
        "/notes/{id}": {"parameters": in_path, "delete": {"operationId": "deleteNote",
            "responses": {"204": {"description": "gone"}}}},
    }});
    let contract = load_bytes("t", many.to_string().as_bytes()).expect("a contract");
    let effects = Effects::of(&contract, &Profile::default());
    let found = effects.get("createNotes").expect("createNotes");
    assert_eq!(found.effect, LOST, "{found:?}");
}
