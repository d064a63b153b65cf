//! Methods that neither contract nor profile names on a path; part of the strategy `http`.

use super::super::THOROUGH;
use crate::case::build::emit;
use crate::case::builder::ExchangeCases;
use crate::case::builder::Label;
use crate::case::{Check, Expect, SuccessIs};
use crate::contract::without_slash;
use crate::exchange::{HttpRequest, Request};

/// What a success of a method means.
#[derive(Clone, Copy, PartialEq)]
enum Served {
    /// The page does not offer it.
    Fault,
    /// HTTP offers it by itself, or servers offer it unasked.
    Open,
}

/// Other methods on the operation's own path (RFC 9110 §9.1, §15.5.6).
pub(super) fn methods(builder: &mut ExchangeCases<'_, '_>) {
    let body = builder.fresh(5);
    let bytes = body.as_ref().map(emit);
    let request = builder.context.request(builder.op, bytes);
    let small = builder.op.method.to_ascii_lowercase();
    // Without a body to compare there is no read-back that would show what a `DELETE` did.
    let delete = if body.is_some() { 2 } else { THOROUGH };
    let table: [(&str, &str, u8, Served); 10] = [
        ("put", "PUT", 1, Served::Fault),
        ("post", "POST", 2, Served::Fault),
        ("unknown", "PROBITY", 1, Served::Fault),
        ("patch", "PATCH", 2, Served::Fault),
        ("delete", "DELETE", delete, Served::Fault),
        // RFC 9110 §9.3.1, §9.3.2, §9.3.7, §9.3.8: these read, and every resource may offer them.
        ("trace", "TRACE", 4, Served::Open),
        ("get", "GET", 3, Served::Open),
        ("head", "HEAD", 2, Served::Open),
        ("options", "OPTIONS", 3, Served::Open),
        // Method tokens have case (RFC 9110 §9.1), but frameworks in wide use fold it.
        ("small-letters", &small, 2, Served::Open),
    ];
    for (name, method, tier, served) in table {
        if named(builder, method) {
            continue;
        }
        let sends_body = !matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "DELETE");
        let request = match method {
            // RFC 9110 §9.3.8: no credentials, the answer shows them.
            "TRACE" => &builder.context.unauthorized_request(builder.op, None),
            _ => &request,
        };
        let request = with_method(request, method, sends_body);
        let label = Label::new("method", name, tier, format!("the method is {method}"));
        match served {
            Served::Fault => {
                let expect = Expect::NotServed {
                    success: SuccessIs::MethodNotRefused,
                };
                label.add(builder, Request::Http(request), expect, Check::Unchanged);
            }
            Served::Open => label.survived(builder, Request::Http(request)),
        }
    }
    if body.is_some() {
        let long = with_method(&request, &"A".repeat(200), true);
        Label::new("method", "long", 3, "the method has 200 letters")
            .survived(builder, Request::Http(long));
        let unfinished = with_method(&request, "POSTX", true);
        if builder.op.method == "POST" {
            let expect = Expect::NotServed {
                success: SuccessIs::MethodNotRefused,
            };
            Label::new("method", "letter-behind", 3, "the method is POSTX").add(
                builder,
                Request::Http(unfinished),
                expect,
                Check::Unchanged,
            );
        }
        without_credentials(builder, &request);
    }
}

/// A method that is not offered, without credentials: some servers check them per method.
fn without_credentials(builder: &mut ExchangeCases<'_, '_>, request: &HttpRequest) {
    if !builder.op.needs_auth() || named(builder, "PUT") {
        return;
    }
    let plain = builder
        .context
        .unauthorized_request(builder.op, request.body.clone());
    let expect = Expect::NotServed {
        success: SuccessIs::MethodNotRefused,
    };
    Label::new(
        "method",
        "put-unauthorized",
        THOROUGH,
        "the method is PUT, without credentials",
    )
    .add(
        builder,
        Request::Http(with_method(&plain, "PUT", true)),
        expect,
        Check::Unchanged,
    );
}

fn with_method(request: &HttpRequest, method: &str, body: bool) -> HttpRequest {
    let mut request = request.clone();
    request.method = method.to_owned();
    if !body {
        request.body = None;
        request
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    }
    request
}

/// Whether contract or profile give this method a meaning on the operation's path.
fn named(builder: &ExchangeCases<'_, '_>, method: &str) -> bool {
    let same = |m: &str| m.eq_ignore_ascii_case(method) && !(method != m && m == builder.op.method);
    let profile = builder.context.profile;
    let read_backs = profile
        .read_back
        .values()
        .map(|r| (r.method.as_str(), r.path.as_str()));
    let login = profile
        .login
        .iter()
        .map(|l| (l.method.as_str(), l.path.as_str()));
    let life = profile.life.iter().map(|l| ("GET", l.path.as_str()));
    // Every method asks: the document is gone through once for all of them.
    let published = builder.context.memo.methods_at(&builder.op.path, || {
        let operations = builder.context.contract.operations.iter();
        let here = operations.filter(|o| may_be_the_same(&o.path, &builder.op.path));
        here.map(|o| o.method.clone()).collect()
    });
    let own = read_backs.chain(login).chain(life);
    let mut own = own.filter(|(_, path)| may_be_the_same(path, &builder.op.path));
    published.iter().any(|m| same(m)) || own.any(|(m, _)| same(m))
}

/// Whether two path templates can name the same path.
fn may_be_the_same(a: &str, b: &str) -> bool {
    fn segments(path: &str) -> std::str::Split<'_, char> {
        let path = path.split('?').next().unwrap_or_default();
        without_slash(path).split('/')
    }
    let (a, b) = (segments(a), segments(b));
    let open = |segment: &str| segment.contains('{');
    a.clone().count() == b.clone().count() && a.zip(b).all(|(x, y)| x == y || open(x) || open(y))
}

#[cfg(test)]
mod tests {
    use super::may_be_the_same;

    #[test]
    fn templates_that_may_meet_count_as_one_path() {
        let table = [
            ("/a/b", "/a/b", true),
            ("/a/{id}", "/a/b", true),
            ("/a/b/", "/a/b", true),
            ("/a/b?x=1", "/a/b", true),
            ("/a", "/a/b", false),
            ("/a/c", "/a/b", false),
        ];
        for (x, y, same) in table {
            assert_eq!(may_be_the_same(x, y), same, "{x} and {y}");
        }
    }
}
