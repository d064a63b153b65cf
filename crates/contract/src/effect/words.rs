//! Words that say that an operation acts, in the languages that published APIs are written in:
//! English first, then German, French, Spanish, Italian, Portuguese, Dutch, Polish, Russian,
//! Czech and Chinese (in their own letters and as APIs spell them in ASCII).
//!
//! A word counts where a *command* stands: at the end of a path segment (`/lock/open`,
//! `/device-reset`), in front of an object (`/reset-device`, `openDoor`), at the beginning of a
//! summary. In front of a noun of settings and records it only qualifies (`/open-hours`,
//! `/reset-policy`, `callHistory`).

use std::collections::HashSet;
use std::sync::LazyLock;

/// The words of a name or sentence, in lower case and without diacritics: `factoryReset`,
/// `factory-reset` and `Factory reset` are `["factory", "reset"]`.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|at| chars.get(at)).copied();
        let small_next = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        let boundary = match before {
            // `openDoor`, `HTTPReset`
            Some(b) if c.is_uppercase() => {
                b.is_lowercase() || b.is_numeric() || b.is_uppercase() && small_next
            }
            Some(b) => b.is_numeric() != c.is_numeric(),
            None => false,
        };
        if (boundary || !c.is_alphanumeric()) && !word.is_empty() {
            out.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            c.to_lowercase().for_each(|c| fold(c, &mut word));
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

/// Appends a Latin letter without its diacritic, any other as it is.
fn fold(c: char, out: &mut String) {
    let plain = match c {
        'à'..='å' | 'ą' | 'ă' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'ď' => 'd',
        'è'..='ë' | 'ę' | 'ě' => 'e',
        'ì'..='ï' => 'i',
        'ł' | 'ľ' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ő' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ș' => 's',
        'ß' => return out.push_str("ss"),
        'ť' | 'ț' => 't',
        'ù'..='ü' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    };
    out.push(plain);
}

/// Commands that are hardly anything else.
static ACTS: Words = LazyLock::new(|| {
    list(
        "
    reboot restart reset shutdown poweroff poweron powercycle powerdown halt wipe erase
    unlock logout logoff signout relaunch respawn uninstall purge kill abort hangup dial
    trigger execute exec flash downgrade rollback eject disconnect unpair terminate
    regenerate reinit reinitialize reformat factoryreset hardreset softreset opendoor deauth
    hibernate crash panic selftest decommission neustart neustarten zurucksetzen
    zuruecksetzen herunterfahren hochfahren werkseinstellung werkseinstellungen werksreset
    offnen oeffnen entsperren entriegeln aufschliessen ausloesen auslosen ausschalten
    abschalten einschalten anrufen versenden abschicken formatieren loschen loeschen
    abmelden ausfuhren ausfuehren turoffner tueroeffner redemarrer redemarrage reinitialiser
    reinitialisation eteindre arreter ouvrir deverrouiller formater effacer appeler envoyer
    declencher executer deconnecter reiniciar reinicio restablecer apagar abrir desbloquear
    formatear borrar llamar enviar disparar ejecutar redefinir desligar destrancar formatar
    chamar executar encender riavvia riavviare riavvio ripristina ripristinare ripristino
    spegni spegnere arresta arrestare apri aprire sblocca sbloccare formatta formattare
    cancella chiama chiamare invia inviare esegui eseguire herstart herstarten afsluiten
    uitschakelen openen ontgrendelen formatteren wissen bellen verzenden uitvoeren
    fabrieksinstellingen restartuj zrestartuj resetuj zresetuj wylacz wlacz otworz odblokuj
    formatuj sformatuj wymaz zadzwon wyslij wykonaj restartovat resetovat vypnout zapnout
    otevrit odemknout odblokovat formatovat zformatovat smazat zavolat odeslat spustit
    перезагрузить перезагрузка перезапустить перезапуск сброс сбросить выключить выключение
    включить открыть разблокировать форматировать форматирование стереть очистить позвонить
    отправить запустить выполнить perezagruzka perezagruzit perezapusk perezapustit sbros
    sbrosit vyklyuchit vykluchit otkryt razblokirovat pozvonit otpravit zapustit chongqi
    chongzhi guanji kaiji kaimen kaisuo jiesuo geshihua shengji huifuchuchang hujiao fasong
    klingeln klingle lauten laeuten stummschalten sperren verriegeln wiederherstellen leeren
    einlernen sonner fermer verrouiller vider allumer ouvre eteint envoie reamorcer
    tocar cerrar bloquear vaciar abre cierra restaurar suonare suona chiudere chiudi
    bloccare svuota svuotare fechar esvaziar aanbellen vergrendelen sluiten leegmaken zvonit
    zazvonit zamknout zamknij zablokuj dzwon закрыть заблокировать удалить звонить
",
    )
});

/// Words of the Chinese language are not set apart, and compounds of these are commands however
/// they are spelt.
static WITHIN: Words = LazyLock::new(|| {
    list("
    重启 重置 恢复出厂 关机 开机 开门 开锁 解锁 格式化 升级 擦除 清除 呼叫 发送 reboot shutdown poweroff powercycle
    factoryreset factorydefault hardreset
")
});

/// Commands that are nouns or adjectives just as often.
static MAY_ACT: Words = LazyLock::new(|| {
    list(
        "
    open close lock call format send run start stop play pause record test upgrade activate
    deactivate connect scan sync synchronize import backup restore reload refresh move print
    invite publish notify pair cancel clear flush empty deploy ring wake suspend resume
    boot install capture goto press release toggle switch rotate join leave pay buy checkout
    submit launch invoke perform process apply revoke login signin logon authenticate enable
    disable migrate recover repair calibrate arm disarm bypass answer hold transfer
    broadcast drop transcode rescan discover on off announce ptz snooze dismiss acknowledge
    approve reject do action command cmd control rpc prune silence unsilence mute unmute pulse
    brew boost dispense vend retract jog dequeue pop increment decrement renew rekey recall kick ban skip
    zoom pan wol generate prime buzzer
    impulse impuls impulsion impulso chime gong buzz beep blink sound share
    aktivieren deaktivieren activer desactiver activar desactivar ativar desativar attivare
    disattivare imprimer imprimir
    starten stoppen anhalten senden demarrer iniciar detener parar avvia avviare ferma
    starta uruchom zatrzymaj
",
    )
});

/// Commands that are no name of anything that is stored, in whatever form: an operation that has one
/// of them acts, even where its `operationId` is that of a change (`setReset`), and so does a value
/// that is one of them (`mode: wipe`).
static UNMISTAKABLE: Words = LazyLock::new(|| {
    list(
        "
    reboot restart reset shutdown poweroff powercycle powerdown wipe erase factoryreset
    factorydefault factorydefaults hardreset softreset reformat uninstall downgrade rollback
    unlock purge reinit reinitialize decommission opendoor selfdestruct unpair
    neustart neustarten zurucksetzen zuruecksetzen werkseinstellung werkseinstellungen
    werksreset formatieren entsperren loschen loeschen redemarrer reinitialiser formater effacer
    reiniciar restablecer formatear borrar formatar riavvia riavviare ripristina ripristinare
    formattare herstarten formatteren wissen fabrieksinstellingen restartuj wymaz
    перезагрузить сбросить стереть форматировать chongqi chongzhi geshihua huifuchuchang
",
    )
});

/// Commands of [`ACTS`] that name what is stored just as often (speed dials, triggers of a rule).
static ALSO_NOUNS: Words =
    LazyLock::new(|| list("dial trigger flash crash panic gong kill abort exec"));

/// Verbs with which a sentence begins that says what an operation does, and not what it shows.
static DOES: Words = LazyLock::new(|| {
    list(
        "
    load apply set switch turn make do put bring cause fire place drive begin let give take
    use perform carry return revert go move send fait faire met remet lance charge laadt
    setzt stellt ladt laedt schaltet lost loest fuhrt fuehrt pone carga hace esegue imposta
",
    )
});

/// Verbs of asking for what is there, with a body that says what.
static ASKS: Words = LazyLock::new(|| {
    list(
        "
    search searches find finds query queries lookup validate validates preview previews
    calculate calculates compute computes estimate estimates exists suche suchen buscar rechercher
    cercare zoeken
",
    )
});

/// Verbs that change what is stored. On a `GET` they say that reading is not what it does.
static CHANGES: Words = LazyLock::new(|| {
    list(
        "
    set add create delete remove update save write edit insert put modify change register
    unregister assign destroy append replace
",
    )
});

/// Verbs of reading.
static READS: Words = LazyLock::new(|| {
    list(
        "
    get gets list lists read reads show shows fetch fetches find finds search searches
    describe describes view query queries retrieve retrieves lookup return returns obtain
    obtains check checks count counts is has head download downloads export exports display
    displays browse enumerate see all current status whether
",
    )
});

/// Nouns that a command in front of them only qualifies.
static NOUNS: Words = LazyLock::new(|| {
    list(
        "
    policy policies hours schedule schedules reason reasons time times timeout timeouts
    interval mode modes delay rule rules plan plans method methods type types url required
    needed pending template templates info information options option status statuses
    progress flow flows limit limits duration level permissions supported availability
    available id api source
",
    )
});

/// Nouns of what is stored: the object of some commands (`reset-settings`, `clear-log`), qualified
/// by those of [`NEVER_ON_DATA`].
static DATA: Words = LazyLock::new(|| {
    list(
        "
    settings setting config configs configuration configurations log logs history histories
    state states count counts counter list lists event events report reports stats
    statistics result results details detail summary queue preferences parameters params
    profile profiles data date records metadata version versions entries capabilities
    features
",
    )
});

/// Commands whose object is never what is stored.
static NEVER_ON_DATA: Words = LazyLock::new(|| {
    list(
        "
    open close lock call record test upgrade reboot restart shutdown dial login boot format
    action actions command commands control trigger ring scan
",
    )
});

/// Things whose creation sends or does something outside the device.
static SENDS: Words = LazyLock::new(|| {
    list(
        "
    message messages notification notifications email emails mail mails sms call calls
    payment payments order orders action actions command commands execution executions
    deployment deployments invitation invitations invites broadcasts announcements dials
    reboots restarts resets jobs runs exec events
",
    )
});

type Words = LazyLock<HashSet<&'static str>>;

fn list(words: &'static str) -> HashSet<&'static str> {
    words.split_whitespace().collect()
}

/// How much a name or phrase commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Command {
    /// Not at all.
    No,
    /// It may: its word is a noun or an adjective just as often.
    May,
    /// It does.
    Does,
}

/// Whether a name says when or why something happens, what it is about, or that it is permitted: a
/// command in it or below it is a setting (`on-failure: restart`, `event: reboot`).
pub(crate) fn is_condition(words: &[String]) -> bool {
    static CONDITIONS: Words = LazyLock::new(|| {
        list(
            "
        on at after before if when while policy policies event events trigger triggers reason
        cause default schedule schedules scheduled rule rules automation automations button key
        dtmf log type kind category filter level permission permissions role roles scope scopes
        right rights allow allowed enable enabled auto automatic supported last previous required
        pending fallback behavior behaviour function feature features notify notification
        notifications subscription subscriptions history is has was
    ",
        )
    });
    words.iter().any(|w| CONDITIONS.contains(w.as_str()))
}

/// Whether the words are a command that cannot be taken for anything else.
pub(crate) fn unmistakable(words: &[String]) -> bool {
    let pair = |w: &[String]| matches!(w, [a, b] if PAIRS.contains(&(a.as_str(), b.as_str())) && b != "on");
    let ends = [words.first(), words.last()];
    let mut ends = ends.into_iter().flatten();
    ends.any(|w| UNMISTAKABLE.contains(w.as_str()) || within(w)) || words.windows(2).any(pair)
}

/// Whether an optional switch of this name makes a call act (`clear`, `reboot`).
pub(crate) fn is_switch(words: &[String]) -> bool {
    const SWITCHES: [&str; 12] = [
        "clear",
        "flush",
        "delete",
        "remove",
        "empty",
        "ring",
        "unlock",
        "acknowledge",
        "ack",
        "apply",
        "trigger",
        "install",
    ];
    unmistakable(words) || matches!(words, [one] if SWITCHES.contains(&one.as_str()))
}

/// Whether the words of an `operationId` or a sentence are those of a change that fits the method:
/// its verb and a noun (`addDial`), none of them a command that cannot be a noun.
pub(crate) fn is_change(method: &str, words: &[String]) -> bool {
    let Some((verb, object)) = words.split_first() else {
        return false;
    };
    let verbs: &[&str] = match method {
        "POST" => &["add", "create", "new", "insert", "post", "store", "save"],
        "PUT" => &[
            "put", "set", "update", "replace", "save", "store", "edit", "modify",
        ],
        "PATCH" => &["patch", "update", "modify", "edit", "change", "set"],
        "DELETE" => &["delete", "remove", "del"],
        _ => &[],
    };
    let fits = forms(verb).any(|v| verbs.contains(&v.as_str()));
    let stays = |w: &String| !UNMISTAKABLE.contains(w.as_str()) && !within(w);
    fits && !object.is_empty() && object.iter().all(stays) && !unmistakable(object)
}

/// Whether a command is the name of something that is stored just as often.
pub(crate) fn also_a_noun(word: &str) -> bool {
    ALSO_NOUNS.contains(word)
}

/// Whether words say that something is looked for or worked out: a path segment, or the beginning of a
/// name or sentence.
pub(crate) fn asks(words: &[String]) -> bool {
    words.first().is_some_and(|w| ASKS.contains(w.as_str()))
}

/// Whether a word says that something is stored or removed.
pub(crate) fn stores(word: &str) -> bool {
    forms(word).any(|w| CHANGES.contains(w.as_str()) || w == "store" || w == "start")
}

/// Whether a sentence begins with a verb that does something.
pub(crate) fn does(words: &[String]) -> bool {
    let begins = |list: &Words| {
        let word = words.first();
        word.is_some_and(|w| forms(w).any(|f| list.contains(f.as_str())))
    };
    begins(&DOES) || begins(&CHANGES) || begins(&MAY_ACT) || begins(&ACTS)
}

/// A verb as it stands in a sentence, and what its plain form may be: `wipes`, `switches`, `öffnet`,
/// `borra`.
fn forms(word: &str) -> impl Iterator<Item = String> + '_ {
    let cut = |end: &str, more: &str| {
        let stem = word.strip_suffix(end).filter(|s| s.chars().count() > 2);
        stem.map(|stem| format!("{stem}{more}"))
    };
    let romance = |ends: &[char]| word.ends_with(ends).then(|| format!("{word}r"));
    let forms = [
        Some(word.to_owned()),
        cut("s", ""),
        cut("es", ""),
        cut("ies", "y"),
        cut("t", "n"),
        cut("t", "en"),
        cut("et", "en"),
        romance(&['a', 'e']),
        word.ends_with('a').then(|| format!("{word}re")),
    ];
    forms.into_iter().flatten()
}

/// Two words that are one command.
const PAIRS: [(&str, &str); 15] = [
    ("factory", "default"),
    ("factory", "defaults"),
    ("power", "off"),
    ("power", "cycle"),
    ("power", "on"),
    ("shut", "down"),
    ("sign", "out"),
    ("log", "out"),
    ("log", "off"),
    ("hang", "up"),
    ("roll", "back"),
    ("turn", "on"),
    ("turn", "off"),
    ("switch", "on"),
    ("switch", "off"),
];

/// Whether a noun after `verb` is not what is commanded but what the verb qualifies.
fn qualifies(verb: &str, noun: &str) -> bool {
    NOUNS.contains(noun) || NEVER_ON_DATA.contains(verb) && DATA.contains(noun)
}

fn within(word: &str) -> bool {
    WITHIN.iter().any(|part| word.contains(part))
}

/// Whether the words of a path segment or an `operationId` are a command; with the word that says
/// so. A command stands first (verb and object) or last (object and verb).
pub(crate) fn command(words: &[String]) -> (Command, &str) {
    let none = (Command::No, "");
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return none;
    };
    let more = words.len() > 1;
    if more && NOUNS.contains(last.as_str()) {
        return none;
    }
    for pair in words.windows(2) {
        if let [a, b] = pair
            && PAIRS.contains(&(a.as_str(), b.as_str()))
            && !(words.len() > 2 && DATA.contains(last.as_str()))
        {
            return (Command::Does, b);
        }
    }
    let qualified = |word: &str| more && qualifies(word, last);
    for (list, much) in [(&ACTS, Command::Does), (&MAY_ACT, Command::May)] {
        let stands = |w: &&String| list.contains(w.as_str()) || much == Command::Does && within(w);
        if let Some(word) = [first, last].into_iter().find(stands)
            && !qualified(word)
        {
            return (much, word);
        }
    }
    match words.iter().find(|w| within(w)) {
        Some(word) if !qualified(word) && !DATA.contains(last.as_str()) => (Command::Does, word),
        _ => none,
    }
}

/// Whether a sentence begins with a command, or says further on that something acts; with the
/// word that says so. Verbs may have the ending of the third person ("Reboots the device").
pub(crate) fn sentence(words: &[String]) -> (Command, &str) {
    let mut best = (Command::No, "");
    // "Switches the relay on for one second"
    if let Some((first, rest)) = words.split_first()
        && forms(first).any(|f| f == "switch" || f == "turn" || f == "schalten")
        && rest
            .iter()
            .any(|w| matches!(w.as_str(), "on" | "off" | "ein" | "aus"))
    {
        return (Command::Does, first);
    }
    for (at, word) in words.iter().enumerate() {
        let bare = word.strip_suffix('s').unwrap_or(word);
        if let Some(next) = words.get(at + 1) {
            if qualifies(bare, next) {
                continue;
            }
            if PAIRS.contains(&(bare, next.as_str())) && words.len() > 2 {
                return (Command::Does, word);
            }
        }
        let any = |list: &Words| forms(word).any(|f| list.contains(f.as_str()));
        let found = match at {
            0 if any(&ACTS) || within(word) => Command::Does,
            0 if any(&MAY_ACT) => Command::May,
            _ if ACTS.contains(word.as_str()) || within(word) => Command::Does,
            // "Starts pairing, or wipes all pairings"
            _ if in_a_row(words, at) && UNMISTAKABLE.contains(bare) => Command::Does,
            _ => Command::No,
        };
        if found > best.0 {
            best = (found, word);
        }
    }
    best
}

/// Whether the word at this place is a further verb of a sentence that begins with one in the third
/// person, and not a plural ("Sets the number of resets").
fn in_a_row(words: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|b| words.get(b));
    let joined = before.is_some_and(|w| {
        matches!(
            w.as_str(),
            "and" | "or" | "then" | "device" | "it" | "which" | "that"
        )
    });
    joined && words.first().is_some_and(|w| w.ends_with('s'))
}

/// Whether words begin with a verb of reading.
pub(crate) fn reads(words: &[String]) -> bool {
    words.first().is_some_and(|w| READS.contains(w.as_str()))
}

/// Whether words say on which things something is done, and not that they are read: `/unlock/all`.
pub(crate) fn is_object(words: &[String]) -> bool {
    matches!(words, [one] if one == "all" || one == "current")
}

/// Whether words begin or end with a verb that changes what is stored.
pub(crate) fn changes(words: &[String]) -> Option<&str> {
    let ends = [words.first(), words.last()];
    ends.into_iter()
        .flatten()
        .find(|w| CHANGES.contains(w.as_str()))
        .map(String::as_str)
}

/// Whether creating what these words name sends something.
pub(crate) fn sends(words: &[String]) -> bool {
    words.last().is_some_and(|w| SENDS.contains(w.as_str()))
}

/// Whether the words end with a noun that a command before them only qualifies.
pub(crate) fn qualified(words: &[String]) -> bool {
    words
        .last()
        .is_some_and(|w| NOUNS.contains(w.as_str()) || DATA.contains(w.as_str()))
}

/// What a literal segment of a path says of the role of an operation (`/users/create`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Reads one.
    Read,
    /// Reads all.
    List,
    /// Makes one.
    Create,
    /// Replaces the state.
    Replace,
    /// Changes part of the state.
    Patch,
    /// Removes it.
    Delete,
}

/// The role that a whole segment names.
pub(crate) fn role(segment: &str) -> Option<Role> {
    Some(match segment.to_ascii_lowercase().as_str() {
        "get" | "read" | "show" | "fetch" => Role::Read,
        "list" | "all" => Role::List,
        "add" | "create" | "new" | "insert" => Role::Create,
        "set" | "replace" | "put" | "save" | "write" => Role::Replace,
        "update" | "patch" | "edit" | "modify" | "change" => Role::Patch,
        "delete" | "remove" | "del" | "destroy" => Role::Delete,
        _ => return None,
    })
}
