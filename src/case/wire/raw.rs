//! Requests written octet by octet: a start from the ordinary request, with every part of its
//! spelling open to change.

use super::raw;
use crate::exchange::{HttpRequest, Part, RawRequest, Request, Segment, Template};
use std::time::Duration;

/// How the header of a [`Wire`] is spelt.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Changes the name of a field.
    pub name: fn(&str) -> String,
    /// Between name and value, usually `: `.
    pub colon: &'static str,
    /// Behind the value of fields that are not credentials.
    pub behind: &'static str,
    /// End of a line.
    pub end: &'static str,
    /// `HTTP/1.1`
    pub version: &'static str,
    /// Whether there is a `Host` field.
    pub host: bool,
}

impl Style {
    /// As everybody writes it.
    pub const PLAIN: Style = Style {
        name: str::to_owned,
        colon: ": ",
        behind: "",
        end: "\r\n",
        version: "HTTP/1.1",
        host: true,
    };
}

/// A request in the making.
pub(super) struct Wire {
    segments: Vec<Segment>,
    style: Style,
}

impl Wire {
    /// Request line and header of `request` without framing fields and without the empty line.
    pub fn head(request: &HttpRequest, style: Style) -> Wire {
        Wire::line(&request.method, &request.target, style).fields(request)
    }

    /// Request line and `Host`.
    pub fn line(method: &str, target: &Template, style: Style) -> Wire {
        let mut wire = Wire {
            segments: Vec::new(),
            style,
        };
        wire = wire
            .text(&format!("{method} "))
            .push(Segment::Prefix)
            .template(target);
        wire = wire.text(&format!(" {}{}", style.version, style.end));
        if style.host { wire.host() } else { wire }
    }

    /// A `Host` field with the device's authority.
    pub fn host(self) -> Wire {
        let style = self.style;
        let name = (style.name)("Host");
        self.text(&format!("{name}{}", style.colon))
            .push(Segment::Host)
            .text(style.end)
    }

    /// The header fields of `request`.
    pub fn fields(mut self, request: &HttpRequest) -> Wire {
        for (name, value) in &request.headers {
            self = self.field(name, value);
        }
        self
    }

    /// One header field in the style of the others.
    pub fn field(self, name: &str, value: &Template) -> Wire {
        let style = self.style;
        let name = (style.name)(name);
        let behind = if value.has_secret() { "" } else { style.behind };
        self.text(&format!("{name}{}", style.colon))
            .template(value)
            .text(&format!("{behind}{}", style.end))
    }

    /// `Content-Length` as given.
    pub fn length(self, value: &str) -> Wire {
        self.field("Content-Length", &Template::from(value))
    }

    /// The empty line that ends the header.
    pub fn end(self) -> Wire {
        let end = self.style.end;
        self.text(end)
    }

    /// The right `Content-Length`, the empty line, the body.
    pub fn body(self, body: &[u8]) -> Wire {
        self.length(&body.len().to_string()).end().bytes(body)
    }

    /// Text as it is.
    pub fn text(self, text: &str) -> Wire {
        self.bytes(text.as_bytes())
    }

    /// Octets as they are, in one write with what is before them.
    pub fn bytes(mut self, bytes: &[u8]) -> Wire {
        match self.segments.last_mut() {
            Some(Segment::Bytes(before)) => before.extend_from_slice(bytes),
            _ => self.segments.push(Segment::Bytes(bytes.to_vec())),
        }
        self
    }

    /// Text with credentials.
    pub fn template(mut self, template: &Template) -> Wire {
        for part in &template.0 {
            self = match part {
                Part::Text(text) => self.text(text),
                Part::Secret(secret) => self.push(Segment::Secret(*secret)),
            };
        }
        self
    }

    fn push(mut self, segment: Segment) -> Wire {
        self.segments.push(segment);
        self
    }

    /// Waits before going on.
    pub fn pause(self, milliseconds: u64) -> Wire {
        self.push(Segment::Pause(Duration::from_millis(milliseconds)))
    }

    /// Ends the writing half of the connection.
    pub fn shutdown(self) -> Wire {
        self.push(Segment::ShutdownWrite)
    }

    /// What another request writes, after this one on the same connection.
    pub fn then(mut self, other: Wire) -> Wire {
        for segment in other.segments {
            self = match segment {
                Segment::Bytes(bytes) => self.bytes(&bytes),
                other => self.push(other),
            };
        }
        self
    }

    /// A request that draws one answer.
    pub fn done(self) -> Request {
        raw(self.segments)
    }

    /// Requests that draw several answers, one after the other.
    pub fn answers(self, answers: usize) -> Request {
        Request::Raw(RawRequest {
            segments: self.segments,
            answers,
            head: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Secret;

    #[test]
    fn writes_join_except_at_pauses() {
        let request = HttpRequest {
            method: "POST".to_owned(),
            target: Template::from("/a"),
            headers: vec![(
                "Authorization".to_owned(),
                Template::from("Bearer ").secret(Secret::Token),
            )],
            body: None,
        };
        let Request::Raw(raw) = Wire::head(&request, Style::PLAIN)
            .pause(5)
            .body(b"{}")
            .done()
        else {
            panic!("a raw request");
        };
        let bytes = |text: &str| Segment::Bytes(text.as_bytes().to_vec());
        assert_eq!(
            raw.segments,
            [
                bytes("POST "),
                Segment::Prefix,
                bytes("/a HTTP/1.1\r\nHost: "),
                Segment::Host,
                bytes("\r\nAuthorization: Bearer "),
                Segment::Secret(Secret::Token),
                bytes("\r\n"),
                Segment::Pause(Duration::from_millis(5)),
                bytes("Content-Length: 2\r\n\r\n{}"),
            ]
        );
    }
}
