//! How deviations of heads and lists are worded. Part of [`super`].

use super::{Deviation, describe, one_line};
use crate::exchange::Answer;
use crate::judge::Kind;
use serde_json::Value;

impl Deviation {
    /// A header field that has to be there is not.
    pub(in crate::judge) fn without_field(name: &str, needed: &str, answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("with status {} and without {name}", answer.status),
            format!("an answer {} with {needed}", answer.status),
            format!("{}, without the header field {name}", describe(answer)),
        )
    }

    /// The same, of a field that HTTP demands and no sentence of the document: a client that goes by the
    /// document misses nothing.
    pub(in crate::judge) fn without_field_of_http(
        name: &str,
        needed: &str,
        answer: &Answer,
    ) -> Deviation {
        Deviation {
            untidy: true,
            ..Deviation::without_field(name, needed, answer)
        }
    }

    /// The value of a header field breaks its documented rules.
    pub(in crate::judge) fn field_value(
        name: &str,
        keyword: &str,
        text: &str,
        answer: &Answer,
    ) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("whose header field {name} breaks {keyword}"),
            format!("the header field {name} keeps its {keyword}"),
            format!("{} with {name}: {}", answer.status, one_line(text, 200)),
        )
    }

    /// A field of HTTP that is not what HTTP says of it.
    pub(in crate::judge) fn field_syntax(
        name: &str,
        needed: &str,
        text: &str,
        answer: &Answer,
    ) -> Deviation {
        Deviation {
            untidy: true,
            ..Deviation::new(
                Kind::MalformedResponse,
                format!("whose header field {name} is not what HTTP makes of it"),
                needed,
                format!("{} with {name}: {}", answer.status, one_line(text, 200)),
            )
        }
    }

    /// `status` of problem details is not the status of the answer.
    pub(in crate::judge) fn problem_status(stated: i64, answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            "whose member `status` is another status",
            format!(
                "`status` is {} in the problem details (RFC 9457 §3.1.2)",
                answer.status
            ),
            format!("status {} with problem details of {stated}", answer.status),
        )
    }

    /// 304 where no condition is false.
    pub(in crate::judge) fn not_modified(answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::WrongStatus,
            "with status 304 and no condition that is false",
            "the answer itself: no version that the client has is named (RFC 9110 §15.4.5)",
            describe(answer),
        )
    }

    /// A write that names the version which stands is refused.
    pub fn version_refused(how: &str, answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::RejectsValid,
            format!("a write that names {how}"),
            format!("the write is done: `If-Match` names {how} (RFC 9110 §13.1.1)"),
            describe(answer),
        )
    }

    /// A write that names another version than the one which stands is done.
    pub fn version_ignored(how: &str, answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::AcceptsInvalid,
            format!("a write that names {how}"),
            format!("412: `If-Match` names {how} (RFC 9110 §13.1.1)"),
            describe(answer),
        )
    }

    /// A version that the client has is sent again, or draws another answer than 304.
    pub fn known_version(how: &str, answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::WrongStatus,
            format!("with status {} to a client that names {how}", answer.status),
            format!("304: `If-None-Match` names {how} (RFC 9110 §13.1.2)"),
            describe(answer),
        )
    }

    /// Another item comes than was asked for.
    pub fn another_item(member: &str, wanted: &str, own: &str) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("with an item of another `{member}`"),
            format!("the item whose `{member}` is {}", one_line(wanted, 80)),
            format!("an item whose `{member}` is {}", one_line(own, 80)),
        )
    }

    /// An item is served under an id that is not its own.
    pub fn item_of_another_name(member: &str, id: u64, other: u64) -> Deviation {
        Deviation::new(
            Kind::AcceptsInvalid,
            "an item is served under an id that begins again",
            format!("404, or an item whose `{member}` is {other}"),
            format!("the item whose `{member}` is {id}, to a request for {other}"),
        )
    }

    /// HEAD says that a body which is JSON has no octets.
    pub(in crate::judge) fn head_of_nothing(answer: &Answer) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            "to HEAD with the length 0",
            "the length that the answer to GET has, or none (RFC 9110 §8.6)",
            format!("{} with Content-Length: 0", answer.status),
        )
    }

    /// More items than a parameter allows.
    pub(in crate::judge) fn list_too_long(parameter: &str, most: u64, count: u64) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("with more items than `{parameter}` says"),
            format!("at most {most} items, as the parameter {parameter} says"),
            format!("{count} items"),
        )
    }

    /// Parts of a list that are not the whole: `observed` says what is wrong with them.
    pub fn parts_differ(what: &str, observed: String) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("with {what} in the parts of the list"),
            "the parts of the list show each of its items once, in its order",
            one_line(&observed, 200),
        )
    }

    /// A part of a list that gives another total than the whole.
    pub fn total_of_part(whole: u64, part: u64) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            "with the total of a part instead of the list's",
            format!("the total that the whole list gives: {whole}"),
            format!("{part}"),
        )
    }

    /// A total that is not the number of items that the list shows.
    pub fn total_differs(items: u64, total: u64) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            "with a total that the list does not have",
            format!("the number of items that the list shows: {items}"),
            format!("{total}"),
        )
    }

    /// More or fewer items than the default of the parameter that cuts the list.
    pub fn list_default(parameter: &str, default: u64, wanted: u64, count: u64) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("with another default of `{parameter}`"),
            format!("as many items as with `{parameter}` {default}: {wanted}"),
            format!("{count} items without `{parameter}`"),
        )
    }

    /// Items in another order than was asked for.
    pub(in crate::judge) fn list_unsorted(word: &str) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("with items in another order than `{word}`"),
            format!("the items in the order of `{word}`"),
            "items in no order of that member, or the other way round",
        )
    }

    /// An item that was asked for does not come.
    pub fn list_lacks(member: &str, wanted: &Value, key: &str) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("without items whose `{member}` is what was asked for"),
            format!("every item whose `{member}` is {wanted}"),
            one_line(
                &format!("{key}, which the whole list shows, is left out"),
                200,
            ),
        )
    }

    /// An item that a filter leaves out.
    pub fn list_unfiltered(member: &str, wanted: &Value, other: &Value) -> Deviation {
        Deviation::new(
            Kind::MalformedResponse,
            format!("with items of another `{member}` than was asked for"),
            format!("only items whose `{member}` is {wanted}"),
            format!(
                "an item whose `{member}` is {}",
                one_line(&other.to_string(), 80)
            ),
        )
    }
}
