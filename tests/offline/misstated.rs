//! What a document states in one place that cannot be meant: each once, at its place, with the reason.

use probity::contract::{Severity, lint, load_bytes};

/// Version of OpenAPI, what stands at the root, the schema of a body, and the issues: rule, line, proof.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static [(&'static str, u32, &'static str)],
);

const TABLE: &[Row] = &[
    (
        "3.0.3",
        "servers: [{url: 'https://x.example/v1?key=1'}, {url: '/v1#top'}, {url: '/{v}', variables: {v: {default: a}}}]",
        "{type: string, maxLength: 9}",
        &[
            ("server-with-query", 3, "\"https://x.example/v1?key=1\""),
            ("server-with-query", 3, "\"/v1#top\""),
        ],
    ),
    (
        "3.1.0",
        "servers: [{url: '/{v}', variables: {v: {default: c, enum: [a, b]}, w: {default: a, enum: [a]}}}]",
        "{type: string, maxLength: 9}",
        &[(
            "server-default-not-in-enum",
            3,
            "\"c\", and enum: [\"a\", \"b\"]",
        )],
    ),
    (
        "3.1.0",
        "x-nothing: {schema: {type: string, const: 1}}",
        "{type: object, required: [a, const], properties: {a: {type: string, enum: [x, 1, null]}, const: {type: [integer, 'null'], const: 1.0}, b: {type: integer, const: 1.5}, c: {const: 1}, d: {type: object, example: {type: string, const: 1}}}}",
        &[
            (
                "enum-against-type",
                12,
                "not of the type string: enum: [1, null]",
            ),
            ("const-against-type", 12, "1.5 is not of the type integer"),
        ],
    ),
    // `nullable` lets null through, beside a reference nothing counts, and the bound itself is of 3.1.
    (
        "3.0.3",
        "x-nothing: 1",
        "{type: object, required: [a], properties: {a: {type: string, nullable: true, enum: [x, null]}, b: {$ref: '#/components/schemas/S', type: string, enum: [1]}, c: {type: integer, exclusiveMinimum: 0, maximum: 9}, d: {type: integer, minimum: 0, exclusiveMinimum: true}}}",
        &[(
            "bound-of-other-version",
            12,
            "exclusiveMinimum: 0; OpenAPI 3.0 has true or false there, beside `minimum` or `maximum`; the bound itself is of 3.1",
        )],
    ),
    (
        "3.1.0",
        "x-nothing: 1",
        "{type: integer, minimum: 0, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: 6}",
        &[(
            "bound-of-other-version",
            12,
            "exclusiveMinimum: true; OpenAPI 3.1 and later have the bound itself there; true and false are of 3.0",
        )],
    ),
    // A name or a reference; what lies in a file that nothing else names is not read.
    (
        "3.0.3",
        "x-nothing: 1",
        "{oneOf: [{$ref: '#/components/schemas/S'}], discriminator: {propertyName: k, mapping: {a: '#/components/schemas/T', b: U, c: S, d: '#/components/schemas/S', e: other.yaml, f: 'other.yaml#/X'}}}",
        &[
            (
                "mapping-leads-nowhere",
                12,
                "there is no schema \"#/components/schemas/T\"",
            ),
            ("mapping-leads-nowhere", 12, "there is no schema \"U\""),
        ],
    ),
];

fn document(version: &str, root: &str, schema: &str) -> String {
    format!(
        "openapi: {version}\ninfo: {{title: t, version: '1'}}\n{root}\npaths:\n  /x:\n    put:\n      requestBody:\n        \
         required: true\n        content:\n          application/json:\n            schema:\n              {schema}\n      \
         responses: {{'200': {{description: d}}}}\ncomponents:\n  schemas:\n    \
         S: {{type: object, required: [k], properties: {{k: {{type: string, enum: [a]}}}}}}\n"
    )
}

#[test]
fn what_cannot_be_meant_is_told_once_with_its_place_and_the_reason() {
    const RULES: [&str; 6] = [
        "server-with-query",
        "server-default-not-in-enum",
        "const-against-type",
        "enum-against-type",
        "bound-of-other-version",
        "mapping-leads-nowhere",
    ];
    for (version, root, schema, wanted) in TABLE {
        let text = document(version, root, schema);
        let contract = load_bytes("x", text.as_bytes()).expect(schema);
        let issues = lint(&contract, &contract.texts());
        let found: Vec<(&str, u32, &str)> = issues
            .iter()
            .filter(|issue| RULES.contains(&issue.rule()))
            .map(|issue| {
                assert_eq!(issue.severity, Severity::Error);
                assert!(!issue.why.is_empty() && !issue.why.contains('\n'));
                (
                    issue.rule(),
                    issue.line.expect("a line"),
                    issue.proof.as_str(),
                )
            })
            .collect();
        assert_eq!(found, *wanted, "{root} {schema}");
    }
}
