//! Bodies, answers, error shapes and security schemes of an operation. Part of the loader; imports
//! what [`super::load()`] imports.

use super::exchange::is_token;
use super::model::*;
use super::operations::Loader;
use super::pointer::{escape, unescape};
use super::promise_id::PromiseId;
use super::reader::Flaw;
use super::serialization::{Encoding, Format, encodings, essence};
use super::source::Way;
use serde_json::{Map, Value};

/// What a media type says of a body.
struct Content {
    media_type: String,
    format: Format,
    encodings: Vec<Encoding>,
    schema: Option<Schema>,
    examples: Vec<(String, Value)>,
    /// Whether it is the only media type.
    only: bool,
}

impl<'d> Loader<'d> {
    /// The body of an operation.
    ///
    /// # Errors
    /// Also where its `content` is empty.
    pub(super) fn body(&mut self, value: &'d Value, pointer: &str) -> Result<Body, Flaw> {
        let (value, at) = self.schemas.reader.follow(value, pointer)?;
        let map = self.schemas.reader.object(value, &at)?;
        let used = ["description", "content", "required"];
        self.schemas.reader.leave_out(map, &used, &at);
        match self.content(map, &at, Way::Request)? {
            Some(content) => Ok(Body {
                required: self.schemas.reader.member_flag(value, "required", &at)?,
                media_type: content.media_type,
                only: content.only,
                format: content.format,
                encodings: content.encodings,
                schema: content.schema.unwrap_or_default(),
                examples: content.examples,
                given: None,
                pointer: at,
            }),
            None => {
                let why = "the request body has no media type: the operation is not judged";
                Err(self.schemas.reader.error(&at, why))
            }
        }
    }

    /// The media type that is judged: `application/json` first, then the first of the format that
    /// says most about its bodies; of answers JSON only.
    fn content(
        &mut self,
        owner: &'d Map<String, Value>,
        pointer: &str,
        way: Way,
    ) -> Result<Option<Content>, Flaw> {
        let Some(content) = owner.get("content") else {
            return Ok(None);
        };
        let pointer = format!("{pointer}/content");
        let content = self.schemas.reader.object(content, &pointer)?;
        let plain = |key: &str| essence(key) == "application/json";
        let judged = |key: &str| matches!(way, Way::Request) || is_json(key);
        let chosen = content
            .iter()
            .filter(|(key, _)| judged(key))
            .min_by_key(|(key, _)| (!plain(key), Format::of(key)));
        for key in content.keys() {
            if chosen.is_none_or(|(c, _)| c != key) {
                let at = format!("{pointer}/{}", escape(key));
                let what = match way {
                    Way::Request => "neither sent nor judged",
                    Way::Answer => "not judged",
                };
                let why = format!("bodies of media type {key} are {what}");
                self.schemas.reader.skip(&at, why);
            }
        }
        let Some((key, media)) = chosen else {
            return Ok(None);
        };
        let at = format!("{pointer}/{}", escape(key));
        let media = self.schemas.reader.object(media, &at)?;
        let used = ["schema", "example", "examples", "encoding"];
        self.schemas.reader.leave_out(media, &used, &at);
        let mut schema = media
            .get("schema")
            .map(|schema| self.schema(schema, &format!("{at}/schema"), way));
        // What is no JSON is a text or a file, also where the document says nothing more of it (OpenAPI 3.1.1
        // §4.14.2: `application/octet-stream: {}`).
        let plain = matches!(Format::of(key), Format::Text | Format::Octets);
        let empty = |schema: &Value| schema.as_object().is_some_and(Map::is_empty);
        if plain && media.get("schema").is_none_or(empty) {
            schema.get_or_insert_default().types = vec![JsonType::String];
        }
        Ok(Some(Content {
            media_type: essence(key),
            format: Format::of(key),
            encodings: encodings(media),
            schema,
            examples: self.examples(media, &at),
            only: content.len() == 1,
        }))
    }

    /// What the document shows; an example that cannot be read costs itself.
    fn examples(&mut self, media: &'d Map<String, Value>, at: &str) -> Vec<(String, Value)> {
        let mut out = Vec::new();
        let at_example = format!("{at}/example");
        let whole = |this: &Self, at: &str| !this.schemas.reader.is_twice_within(at);
        if let Some(example) = media.get("example")
            && whole(self, &at_example)
        {
            out.push((at_example, example.clone()));
        }
        let Some(examples) = media.get("examples") else {
            return out;
        };
        let at = format!("{at}/examples");
        let examples = match self.schemas.reader.object(examples, &at) {
            Ok(examples) => examples,
            Err(flaw) => {
                self.schemas.reader.note(flaw);
                return out;
            }
        };
        for (name, example) in examples {
            let at = format!("{at}/{}", escape(name));
            let (example, at) = match self.schemas.reader.follow(example, &at) {
                Ok(followed) => followed,
                Err(flaw) => {
                    self.schemas.reader.note(flaw);
                    continue;
                }
            };
            let shown = ["value", "dataValue"];
            let shown = shown
                .iter()
                .find_map(|name| Some((name, example.get(name)?)));
            match shown {
                Some(_) if !whole(self, &at) => {}
                Some((name, value)) => out.push((format!("{at}/{name}"), value.clone())),
                None => self.schemas.reader.skip(
                    &at,
                    "an example without `value` (`externalValue` is not fetched)",
                ),
            }
        }
        out
    }

    /// One entry of `responses`.
    pub(super) fn response(
        &mut self,
        operation: &str,
        key: &str,
        value: &'d Value,
        pointer: &str,
    ) -> Result<Response, Flaw> {
        let status = match (key.parse::<u16>(), key.as_bytes()) {
            (_, b"default") => StatusKey::Default,
            (Ok(code), [_, _, _]) if (100..600).contains(&code) => StatusKey::Exact(code),
            (_, [digit @ b'1'..=b'5', b'X' | b'x', b'X' | b'x']) => StatusKey::Range(digit - b'0'),
            _ => {
                let why = format!("`{key}` is no status, no range like 4XX, not `default`");
                return Err(self.schemas.reader.error(pointer, why));
            }
        };
        let (value, at) = self.schemas.reader.follow(value, pointer)?;
        let map = self.schemas.reader.object(value, &at)?;
        let used = ["description", "content", "headers", "links"];
        self.schemas.reader.leave_out(map, &used, &at);
        let content = self.content(map, &at, Way::Answer)?;
        let headers = self.headers(map, &at);
        let mut shapes: Vec<ErrorShape> = Vec::new();
        if let Some(list) = map.get("x-error-shapes") {
            let at = format!("{at}/x-error-shapes");
            let Some(code) = status.exact() else {
                return Err(self.schemas.reader.error(&at, "needs an exact status"));
            };
            for (i, shape) in self.schemas.reader.list(list, &at)?.iter().enumerate() {
                let at = format!("{at}/{i}");
                let mut shape = self.shape(shape, code, &at)?;
                if shapes.iter().any(|s| s.id == shape.id) {
                    let why = format!("the id `{}` is there twice", shape.id);
                    return Err(self.schemas.reader.error(&at, why));
                }
                shape.promise =
                    PromiseId::new(operation, &format!("responses.{code}.{}", shape.id));
                shapes.push(shape);
            }
        }
        let (media_type, schema, examples) = content.map_or_else(Default::default, |content| {
            (Some(content.media_type), content.schema, content.examples)
        });
        let content = map.get("content").and_then(Value::as_object);
        Ok(Response {
            status,
            media_type,
            schema,
            media_types: content.into_iter().flat_map(Map::keys).cloned().collect(),
            shapes,
            examples,
            headers,
            links: self.links(map, &at),
            pointer: at,
        })
    }

    /// `headers` of a response. One that cannot be read says nothing.
    fn headers(&mut self, response: &'d Map<String, Value>, at: &str) -> Vec<ResponseHeader> {
        let Some(fields) = response.get("headers").and_then(Value::as_object) else {
            return Vec::new();
        };
        let mut headers = Vec::new();
        for (name, header) in fields {
            // OpenAPI 3.1.1 §4.8.17.1: the media type stands in `content`.
            if name.eq_ignore_ascii_case("content-type") {
                continue;
            }
            let at = format!("{at}/headers/{}", escape(name));
            if !is_token(name) {
                let why = format!("`{name}` is no name of a header field (RFC 9110 §5.1)");
                let flaw = self.schemas.reader.error(&at, why);
                self.schemas.reader.note(flaw);
                continue;
            }
            match self.header(name, header, &at) {
                Ok(header) => headers.push(header),
                Err(flaw) => self.schemas.reader.note(flaw),
            }
        }
        headers
    }

    fn header(&mut self, name: &str, value: &'d Value, at: &str) -> Result<ResponseHeader, Flaw> {
        let (value, at) = self.schemas.reader.follow(value, at)?;
        let map = self.schemas.reader.object(value, &at)?;
        let used = [
            "description",
            "required",
            "deprecated",
            "schema",
            "example",
            "examples",
        ];
        self.schemas.reader.leave_out(map, &used, &at);
        let mut schema = match map.get("schema") {
            Some(rules) => self.schema(rules, &format!("{at}/schema"), Way::Answer),
            None => Schema::default(),
        };
        let shown = self.examples(map, &at).into_iter();
        schema.examples.extend(shown.map(|(_, value)| value));
        Ok(ResponseHeader {
            name: name.to_owned(),
            required: self.schemas.reader.member_flag(value, "required", &at)?,
            schema,
            pointer: at,
        })
    }

    /// `links` of a response. One that names no operation of this document says nothing.
    fn links(&self, response: &'d Map<String, Value>, at: &str) -> Vec<Link> {
        let Some(links) = response.get("links").and_then(Value::as_object) else {
            return Vec::new();
        };
        let read = |(name, link): (&String, &'d Value)| {
            let at = format!("{at}/links/{}", escape(name));
            let (link, _) = self.schemas.reader.follow(link, &at).ok()?;
            let text = |member: &str| link.get(member).and_then(Value::as_str);
            let operation = match (text("operationId"), text("operationRef")) {
                (Some(id), _) => id.to_owned(),
                (None, Some(reference)) => referred(reference)?,
                (None, None) => return None,
            };
            let parameters = link.get("parameters").and_then(Value::as_object);
            let pair = |(name, value): (&String, &Value)| {
                let places = ["path.", "query.", "header.", "cookie."];
                let bare = places.iter().find_map(|p| name.strip_prefix(p));
                Some((bare.unwrap_or(name).to_owned(), value.as_str()?.to_owned()))
            };
            Some(Link {
                operation,
                parameters: parameters.into_iter().flatten().filter_map(pair).collect(),
            })
        };
        links.iter().filter_map(read).collect()
    }

    fn shape(&self, value: &'d Value, status: u16, pointer: &str) -> Result<ErrorShape, Flaw> {
        let reader = &self.schemas.reader;
        let map = reader.object(value, pointer)?;
        let known = ["id", "body", "answers", "may-answer"];
        if let Some(name) = map
            .keys()
            .find(|n| !known.contains(&n.as_str()) && !n.starts_with("x-"))
        {
            let at = format!("{pointer}/{}", escape(name));
            let why = format!("an error shape has {}, and `x-` members", known.join(", "));
            return Err(reader.error(&at, why));
        }
        let kinds = |member: &str| -> Result<Vec<FaultKind>, Flaw> {
            let Some(list) = map.get(member) else {
                return Ok(Vec::new());
            };
            let at = format!("{pointer}/{member}");
            let list = reader.list(list, &at)?.iter().enumerate();
            list.map(|(i, kind)| {
                serde_json::from_value(kind.clone())
                    .map_err(|e| reader.error(&format!("{at}/{i}"), e.to_string()))
            })
            .collect()
        };
        let id = match map.get("id") {
            Some(id) => reader.text(id, &format!("{pointer}/id"))?,
            None => return Err(reader.error(pointer, "an error shape without `id`")),
        };
        let Some(body) = map.get("body") else {
            return Err(reader.error(pointer, "an error shape without `body`"));
        };
        Ok(ErrorShape {
            id,
            status,
            body: body.clone(),
            answers: kinds("answers")?,
            may_answer: kinds("may-answer")?,
            promise: "".into(),
            pointer: pointer.to_owned(),
        })
    }

    /// A list of Security Requirement Objects. What cannot be used becomes
    /// [`SecurityScheme::Other`] with the reason: it costs its own alternative and nothing else.
    pub(super) fn security(
        &mut self,
        list: &'d Value,
        pointer: &str,
    ) -> Result<Vec<Vec<SecurityScheme>>, Flaw> {
        let mut out = Vec::new();
        for (i, requirement) in self.schemas.reader.list(list, pointer)?.iter().enumerate() {
            let pointer = format!("{pointer}/{i}");
            let mut all = Vec::new();
            for (name, scopes) in self.schemas.reader.object(requirement, &pointer)? {
                let at = format!("/components/securitySchemes/{}", escape(name));
                let source = self.schemas.reader.source;
                let Some(scheme) = source.root().pointer(&at) else {
                    let why = format!("the security scheme `{name}` is not defined");
                    let flaw = self.schemas.reader.error(&pointer, why);
                    self.schemas.reader.note(flaw);
                    all.push(SecurityScheme::Other(format!(
                        "the scheme `{name}` that the document does not define"
                    )));
                    continue;
                };
                let (scheme, at) = self.schemas.reader.follow(scheme, &at)?;
                all.push(self.scheme(scheme, scopes, &at));
            }
            out.push(all);
        }
        Ok(out)
    }

    fn scheme(&mut self, scheme: &Value, scopes: &Value, at: &str) -> SecurityScheme {
        let member = |name: &str| scheme.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = member("type");
        let auth = member("scheme").to_ascii_lowercase();
        let place = match member("in") {
            "query" => Some(Place::Query),
            "cookie" => Some(Place::Cookie),
            "header" => Some(Place::Header),
            _ => None,
        };
        let what = match (kind, auth.as_str(), place) {
            ("http", "bearer", _) => return SecurityScheme::Bearer,
            ("http", "basic", _) => return SecurityScheme::Basic,
            ("http", "digest", _) => return SecurityScheme::Digest,
            ("oauth2", ..) => return SecurityScheme::OAuth2(flows(scheme, scopes)),
            ("openIdConnect", ..) => return SecurityScheme::OpenIdConnect,
            ("mutualTLS", ..) => return SecurityScheme::MutualTls,
            ("apiKey", _, Some(Place::Header)) if !is_token(member("name")) => {
                format!(
                    "an API key in a header field that cannot be called {:?}",
                    member("name")
                )
            }
            ("apiKey", _, Some(place)) if !member("name").is_empty() => {
                return SecurityScheme::ApiKey {
                    name: member("name").to_owned(),
                    place,
                };
            }
            ("apiKey", _, None) => {
                "an API key whose `in` is not query, header or cookie".to_owned()
            }
            ("apiKey", ..) => "an API key without `name`".to_owned(),
            ("http", "", _) => "a security scheme of `type: http` without `scheme`".to_owned(),
            ("http", ..) => {
                let what = format!("{kind} {auth}");
                let why = format!("security of kind `{what}` cannot be fed");
                self.schemas.reader.skip(at, why);
                return SecurityScheme::Other(what);
            }
            ("", ..) => "a security scheme without `type`".to_owned(),
            (kind, ..) => format!("a security scheme of `type: {kind}`, which does not exist"),
        };
        let flaw = self.schemas.reader.error(at, what.clone());
        self.schemas.reader.note(flaw);
        SecurityScheme::Other(what)
    }
}

/// The flows of OAuth 2 that need nobody at a browser (OpenAPI 3.1 §4.8.28), and the scopes that a
/// requirement asks for.
fn flows(scheme: &Value, scopes: &Value) -> OAuthFlows {
    let url = |flow: &str| {
        let url = scheme
            .pointer(&format!("/flows/{flow}/tokenUrl"))?
            .as_str()?;
        (!url.is_empty()).then(|| url.to_owned())
    };
    OAuthFlows {
        password: url("password"),
        client_credentials: url("clientCredentials"),
        scopes: scopes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|s| s.as_str().map(str::to_owned))
            .collect(),
    }
}

/// `METHOD /path` of an `operationRef` within the document, `#/paths/~1users~1{id}/get`.
fn referred(reference: &str) -> Option<String> {
    let (path, method) = reference.strip_prefix("#/paths/")?.rsplit_once('/')?;
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    let path = unescape(&path);
    Some(format!("{} {path}", method.to_ascii_uppercase()))
}

/// Whether answers of a media type are JSON texts: `*/*` does not say so.
fn is_json(key: &str) -> bool {
    let essence = essence(key);
    essence == "application/json" || essence.ends_with("+json")
}
