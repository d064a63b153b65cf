//! What harms though it looks like reading or setting: procedures, addresses that the device fetches,
//! things that move, commands in bodies, messages to people, purchases; and what only sounds like it.

use crate::effects_acting::all_wrong;
use probity::contract::{Contract, Effect, Effects, load_bytes};
use probity::profile::Profile;
use serde_json::{Value, json};

const READ: Effect = Effect::Reads;
const WRITE: Effect = Effect::Writes;
const MAKE: Effect = Effect::Creates;
const LOST: Effect = Effect::Irreversible;
const ACT: Effect = Effect::Acts;

/// One operation alone.
const ALONE: &[(&str, Effect, &str)] = &[
    // Remote procedures are called for what they do.
    ("GET /rpc/HTTP.GET ||| !url || code body", ACT, "procedure"),
    ("GET /rpc/HTTP.Request ||| || code", ACT, "procedure"),
    ("GET /rpc/Cover.GoToPosition ||| !id", ACT, "procedure"),
    ("GET /rpc/Script.Eval ||| !code || result", ACT, "procedure"),
    ("GET /rpc/Sys.DetectLocation ||||| tz", READ, ""),
    ("GET /rpc/Sys.CheckForUpdate ||||| stable", READ, ""),
    ("GET /rpc/HTTP.GetConfig ||||| enable:boolean", READ, ""),
    // The device fetches what is named.
    ("GET /proxy ||| !url", ACT, "any address"),
    (
        "GET /image ||| !source_url || size:integer",
        ACT,
        "any address",
    ),
    ("GET /portal ||| !redirect_url || [id]", READ, ""),
    // A sentence that begins with a command that has an object, and what is done beside reading
    (
        "GET /session/{id} | getSessionId | Open a session as another user ||| id name",
        ACT,
        "`open`",
    ),
    (
        "GET /shop | getShop | Open hours of the shop ||| open",
        READ,
        "",
    ),
    ("GET /calls | getCalls | Call history ||| [id]", READ, ""),
    (
        "GET /report/{type} | getReport | Download the report or send it by email",
        ACT,
        "`send`",
    ),
    (
        "GET /report | getReport | Returns the report and mails it to the owner ||| id",
        ACT,
        "`mails`",
    ),
    (
        "GET /log | readLog | Reads the log and clears it ||| [id]",
        ACT,
        "`clears`",
    ),
    (
        "GET /events | getEvents | Returns the events and removes them ||| [id]",
        ACT,
        "`removes`",
    ),
    (
        "GET /next | next | Takes the next job off the queue ||| id",
        ACT,
        "`takes`",
    ),
    (
        "GET /pin/{n}/{v} | pin | Writes a pin of the board",
        ACT,
        "`writes`",
    ),
    (
        "GET /rights | rights | Returns whether users may read or send mail ||| [id]",
        READ,
        "",
    ),
    // Names that change something
    ("GET /api/addThing ||| !name || id", ACT, "`add`"),
    ("GET /set-points ||||| [id]", READ, ""),
    ("GET /command/log", ACT, "`command`"),
    ("GET /command/log ||||| [line]", READ, ""),
    ("GET /keys/generate", ACT, "`generate`"),
    ("GET /cert/renew", ACT, "`renew`"),
    ("GET /queue/pop", ACT, "`pop`"),
    ("GET /ban/{ip}", ACT, "`ban`"),
    // Things that move
    ("GET /motor/1/forward", ACT, "`forward`"),
    ("GET /blinds/{id}/down", ACT, "`down`"),
    ("GET /camera/zoom-in", ACT, "`zoom`"),
    ("GET /coffee/brew", ACT, "`brew`"),
    ("GET /status/up", READ, ""),
    ("GET /valve/{id}/out ||||| level:number", READ, ""),
    // Parameters that are a verb
    ("GET /relay ||| !turn=on,off || ison:boolean", ACT, "`turn`"),
    ("GET /cam ||| !move=up,down", ACT, "`move`"),
    ("GET /relays | listRelays || !state=on,off", READ, ""),
    // Looking up by POST
    (
        "POST /file/exists ||| | path | exists:boolean there:boolean",
        READ,
        "it searches",
    ),
];

/// A resource with `GET`, which shows what the write sets.
const SETTINGS: &[(&str, Effect, &str)] = &[
    (
        "PUT /motor | setMotor || | position:integer",
        ACT,
        "`position`",
    ),
    ("PUT /door || || locked:boolean", ACT, "`locked`"),
    ("PUT /valve/1 || || open:boolean", ACT, "`open`"),
    ("PUT /relay/{id} || || on:boolean", ACT, "`on`"),
    ("PUT /ptz/position || || pan:number", ACT, "`pan`"),
    (
        "PUT /motor/settings || || maxSpeed:integer position:integer",
        WRITE,
        "every member",
    ),
    ("PUT /doors/{id} || || name", WRITE, "every member"),
    ("PUT /light || || on:boolean", WRITE, "every member"),
    ("PUT /thermostat || || target:number", WRITE, "every member"),
    (
        "PUT /paths/{name} || || runOnInit source",
        ACT,
        "`runOnInit`",
    ),
    ("PUT /hooks/{name} || || command", ACT, "`command`"),
    ("PUT /schedule || || cmd", ACT, "`cmd`"),
    ("PUT /dir || || changetype=ADD,DELETE", ACT, "`DELETE`"),
    (
        "PUT /relay-request || || method=GET,DELETE url",
        ACT,
        "`DELETE`",
    ),
    (
        "PUT /policy || || method=GET,DELETE url",
        WRITE,
        "every member",
    ),
    ("PUT /cors || || method=GET,DELETE", WRITE, "every member"),
    ("PUT /tls || || cert", LOST, "`cert` may be the certificate"),
    (
        "PUT /certificate || || certificate",
        LOST,
        "certificate or key",
    ),
    ("PUT /piano || || key", WRITE, "every member"),
];

/// A collection whose items can be read, changed and removed: what creates one.
const RECORDS: &[(&str, Effect, &str)] = &[
    (
        "POST /orders | createOrder || | product | id",
        ACT,
        "`orders`",
    ),
    (
        "POST /payments | addPayment || | amount:number | id",
        ACT,
        "`payments`",
    ),
    (
        "POST /invitations | addInvitation || | email | id",
        ACT,
        "`invitations`",
    ),
    ("POST /jobs | createJob || | name | id", ACT, "`jobs`"),
    ("POST /tickets | buyTicket || | day | id", ACT, "`buy`"),
    (
        "POST /tasks | createTask | Starts a task || kind | id",
        ACT,
        "`starts`",
    ),
    (
        "POST /vms | addVm | Creates and starts a machine || image | id",
        ACT,
        "`starts`",
    ),
    (
        "POST /tasks | createTask | Creates a task || title | id",
        MAKE,
        "removes it",
    ),
    (
        "POST /tickets | createTicket || | day | id",
        MAKE,
        "removes it",
    ),
    (
        "POST /users | createUser || | name send_email:boolean | id",
        ACT,
        "`send_email`",
    ),
    (
        "POST /members | addMember || | email invite:boolean | id",
        ACT,
        "`invite`",
    ),
    (
        "POST /users | addUser || | name notify_user:boolean | id",
        ACT,
        "`notify_user`",
    ),
    (
        "POST /users | addUser || | name wantsNotice:boolean | id",
        MAKE,
        "removes it",
    ),
    (
        "POST /streams | addStream || | name exec | id",
        ACT,
        "`exec`",
    ),
    (
        "POST /doors | addDoor || | name locked:boolean | id",
        MAKE,
        "removes it",
    ),
];

#[test]
fn what_harms_is_told_from_what_sounds_like_it() {
    let wrong = all_wrong(ALONE, SETTINGS, RECORDS);
    assert_eq!(wrong, Vec::<String>::new());
}

/// A text that sets what reads as JSON, neither of them described; or JSON both times.
fn undescribed(media: &str) -> Contract {
    let answers =
        json!({"200": {"description": "x", "content": {"application/json": {"schema": {}}}}});
    let body: Value = json!({"required": true, "content": {media: {"schema": {}}}});
    let document = json!({
        "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
        "paths": {"/config": {
            "get": {"operationId": "read", "responses": answers},
            "put": {"operationId": "save", "requestBody": body, "responses": {"204": {"description": "x"}}},
        }},
    });
    load_bytes("t", document.to_string().as_bytes()).expect("a contract")
}

#[test]
fn a_text_is_not_put_back_from_json() {
    for (media, effect) in [("text/plain", LOST), ("application/json", WRITE)] {
        let effects = Effects::of(&undescribed(media), &Profile::default());
        let found = effects.get("save").expect("save");
        assert_eq!(found.effect, effect, "{media}: {}", found.reason);
    }
}
