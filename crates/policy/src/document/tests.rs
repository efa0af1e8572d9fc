//! What is refused, and what is decided.

use proptest::prelude::*;

use super::*;
use crate::{Context, Decision, Managed, decide, explain};

fn faults(text: &str) -> Vec<String> {
    let faults = Policy::parse(text, Size::Policy).unwrap_err();
    faults.0.iter().map(ToString::to_string).collect()
}

fn with_statement(rest: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{{{rest}}}]}}"#)
}

fn with_condition(condition: &str) -> String {
    with_statement(&format!(
        r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {{{condition}}}"#
    ))
}

/// Each faulty policy, and the place that is told.
const REFUSED: [(&str, &str); 23] = [
    ("", "line 1, column 0"),
    ("{\n  \"Statement\": }", "line 2, column 16"),
    ("[]", "the policy"),
    ("{}", "the policy"),
    (r#"{"Statement": []}"#, "Statement"),
    (r#"{"Statement": 7}"#, "Statement"),
    (
        r#"{"Version": "2020-01-01", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
        "Version",
    ),
    (
        r#"{"Id": "x", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
        "Id",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}}"#,
        "Statement.Principal",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}"#,
        "Statement.Effect",
    ),
    (
        r#"{"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}"#,
        "Statement.Effect",
    ),
    (
        r#"{"Statement": {"Action": "*", "Resource": "*"}}"#,
        "Statement",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Resource": "*"}}"#,
        "Statement",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*"}}"#,
        "Statement",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}}"#,
        "Statement",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}"#,
        "Statement.Action",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": ["*", "importexport:GetStauts"], "Resource": "*"}}"#,
        "Statement.Action[1]",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}"#,
        "Statement.Action",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "import*:*", "Resource": "*"}}"#,
        "Statement.Action",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": {"a": 1}, "Resource": "*"}}"#,
        "Statement.Action",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "photos"}}"#,
        "Statement.Resource",
    ),
    (
        r#"{"Statement": [{"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"}, {"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"}]}"#,
        "Statement[1].Sid",
    ),
    (
        r#"{"Statement": {"Sid": "a b", "Effect": "Allow", "Action": "*", "Resource": "*"}}"#,
        "Statement.Sid",
    ),
];

/// The same of conditions.
const REFUSED_CONDITIONS: [(&str, &str); 14] = [
    (r#""StringEqual": {"aws:username": "a"}"#, "StringEqual"),
    (r#""stringequals": {"aws:username": "a"}"#, "stringequals"),
    (
        r#""ForAnyValue:StringEquals": {"aws:username": "a"}"#,
        "ForAnyValue:StringEquals",
    ),
    (
        r#""NullIfExists": {"aws:username": "true"}"#,
        "NullIfExists",
    ),
    (r#""StringEquals": "a""#, "StringEquals"),
    (
        r#""StringEquals": {"aws:MultiFactorAuthPresent": "true"}"#,
        "StringEquals.aws:MultiFactorAuthPresent",
    ),
    (
        r#""StringEquals": {"aws:username": "a", "AWS:UserName": "b"}"#,
        "StringEquals.AWS:UserName",
    ),
    (
        r#""StringEquals": {"aws:username": "${aws:SourceIp}"}"#,
        "StringEquals.aws:username",
    ),
    (
        r#""StringEquals": {"aws:username": ["a", "${aws:username"]}"#,
        "StringEquals.aws:username[1]",
    ),
    (
        r#""StringEquals": {"aws:username": null}"#,
        "StringEquals.aws:username",
    ),
    (
        r#""IpAddress": {"aws:SourceIp": "10.0.0.0/33"}"#,
        "IpAddress.aws:SourceIp",
    ),
    (
        r#""IpAddress": {"aws:username": "10.0.0.1"}"#,
        "IpAddress.aws:username",
    ),
    (
        r#""DateLessThan": {"aws:CurrentTime": "tomorrow"}"#,
        "DateLessThan.aws:CurrentTime",
    ),
    (
        r#""Bool": {"aws:SecureTransport": "yes"}"#,
        "Bool.aws:SecureTransport",
    ),
];

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    for (text, place) in REFUSED {
        let told = faults(text);
        assert_eq!(told.len(), 1, "{text}: {told:?}");
        assert!(
            told[0].starts_with(&format!("{place}: ")),
            "{text}: {told:?}"
        );
    }
    for (condition, place) in REFUSED_CONDITIONS {
        let told = faults(&with_condition(condition));
        assert_eq!(told.len(), 1, "{condition}: {told:?}");
        let place = format!("Statement[0].Condition.{place}: ");
        assert!(told[0].starts_with(&place), "{condition}: {told:?}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let text = r#"{"Version": "1", "Statement": [
        {"Effect": "Maybe", "Action": ["importexport:Fly", "x"], "Resource": "*"},
        {"Effect": "Deny", "NotAction": "*", "Resource": "y", "Extra": 1}]}"#;
    assert_eq!(
        faults(text),
        [
            "Version: `1` is neither `2012-10-17` nor `2008-10-17`",
            "Statement[0].Effect: `Maybe` is neither `Allow` nor `Deny`",
            "Statement[0].Action[0]: `importexport:Fly` matches no action of this service",
            "Statement[0].Action[1]: `x` is neither `*` nor a service and an action with a colon between",
            "Statement[1].Extra: `Extra` is no element here; there are Sid, Effect, Action, NotAction, Resource, NotResource, Condition",
            "Statement[1].Resource: `y` is neither `*` nor an ARN of six parts",
        ]
    );
}

#[test]
fn sizes_count_without_white_space() {
    let spread = Managed::FullAccess.text().replace(' ', &" ".repeat(50));
    assert!(Policy::parse(&spread, Size::User).is_ok());
    let long = with_statement(&format!(
        r#""Effect": "Allow", "Action": "*", "Resource": ["*", "arn:a:b:c:d:{}"]"#,
        "e".repeat(2_000)
    ));
    assert!(Policy::parse(&long, Size::User).is_err());
    assert!(Policy::parse(&long, Size::Group).is_ok());
}

fn context(pairs: &[(Key, &str)]) -> Context {
    let owned = pairs
        .iter()
        .map(|(key, value)| (key.clone(), (*value).to_owned()));
    owned.collect()
}

fn of_jane() -> Context {
    context(&[
        (Key::SourceIp, "203.0.113.7"),
        (Key::SecureTransport, "false"),
        (Key::CurrentTime, "2026-03-04T05:06:07Z"),
        (Key::EpochTime, "1772600767"),
        (Key::UserName, "jane"),
        (Key::PrincipalArn, "arn:aws:iam::111111111111:user/jane"),
    ])
}

fn decided(text: &str, action: ActionName, context: &Context) -> Decision {
    let policy = Policy::parse(text, Size::Policy).unwrap();
    let resource = "*";
    decide(
        [&policy],
        &Request {
            action,
            resource,
            context,
        },
    )
}

#[test]
fn a_denial_outweighs_and_silence_allows_nothing() {
    let text = r#"{"Statement": [
        {"Effect": "Allow", "Action": "importexport:*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["IMPORTEXPORT:c?ncel*"], "Resource": "*"}]}"#;
    let nothing = Context::default();
    let decided = |action| decided(text, action, &nothing);
    assert_eq!(decided(ActionName::CreateJob), Decision::Allowed);
    assert_eq!(decided(ActionName::CancelJob), Decision::Denied);
    assert_eq!(decided(ActionName::ReleaseDevice), Decision::NotAllowed);
    assert_eq!(
        decide(
            [],
            &Request {
                action: ActionName::ListJobs,
                resource: "*",
                context: &nothing,
            }
        ),
        Decision::NotAllowed
    );
}

#[test]
fn the_statement_that_decides_is_the_first_that_allows_or_the_one_that_denies() {
    let parse = |text| Policy::parse(text, Size::Policy).unwrap();
    let all = [
        parse(
            r#"{"Statement": [
            {"Effect": "Allow", "Action": "importexport:ListJobs", "Resource": "*"},
            {"Effect": "Allow", "Action": "importexport:*", "Resource": "*"}]}"#,
        ),
        parse(
            r#"{"Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "importexport:CancelJob", "Resource": "*"}]}"#,
        ),
    ];
    let context = Context::default();
    let by = |action| {
        let request = Request {
            action,
            resource: "*",
            context: &context,
        };
        let (decision, by) = explain(&all, &request);
        assert_eq!(decision, decide(&all, &request));
        by.map(|by| (by.policy, by.statement))
    };
    assert_eq!(by(ActionName::ListJobs), Some((0, 0)));
    assert_eq!(by(ActionName::CreateJob), Some((0, 1)));
    assert_eq!(by(ActionName::ReleaseDevice), Some((1, 0)));
    assert_eq!(by(ActionName::CancelJob), Some((1, 1)));
    assert_eq!(
        explain(
            [],
            &Request {
                action: ActionName::ListJobs,
                resource: "*",
                context: &context
            }
        )
        .1,
        None
    );
}

#[test]
fn conditions_hold_as_documented() {
    for (condition, holds) in [
        (
            r#""IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}"#,
            true,
        ),
        (r#""IpAddress": {"aws:SourceIp": "203.0.113.8"}"#, false),
        (
            r#""NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.0/24"]}"#,
            false,
        ),
        (r#""NotIpAddress": {"aws:SourceIp": "2001:db8::/32"}"#, true),
        (r#""Bool": {"aws:SecureTransport": false}"#, true),
        (r#""Bool": {"aws:securetransport": "True"}"#, false),
        (
            r#""DateGreaterThan": {"aws:CurrentTime": "2026-03-04T05:06:06+00:00"}"#,
            true,
        ),
        (
            r#""DateLessThan": {"aws:CurrentTime": "2026-03-04"}"#,
            false,
        ),
        (
            r#""DateLessThanEquals": {"aws:CurrentTime": "1772600767"}"#,
            true,
        ),
        (r#""NumericLessThan": {"aws:EpochTime": 1772600768}"#, true),
        (
            r#""NumericNotEquals": {"aws:EpochTime": [1, "1772600767"]}"#,
            false,
        ),
        (r#""StringEquals": {"aws:username": "j*"}"#, false),
        (r#""StringLike": {"aws:username": "j*"}"#, true),
        (r#""StringLike": {"aws:username": "j${*}"}"#, false),
        (
            r#""StringEqualsIgnoreCase": {"aws:username": "JANE"}"#,
            true,
        ),
        (
            r#""StringNotEquals": {"aws:username": ["joe", "jane"]}"#,
            false,
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}"#,
            true,
        ),
        (
            r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::2*:user/jane"}"#,
            true,
        ),
        // The request has no `aws:userid`.
        (r#""StringEquals": {"aws:userid": "x"}"#, false),
        (r#""StringNotEquals": {"aws:userid": "x"}"#, true),
        (r#""StringEqualsIfExists": {"aws:userid": "x"}"#, true),
        (
            r#""StringEqualsIfExists": {"aws:MultiFactorAuthAge": "x"}"#,
            true,
        ),
        (r#""Null": {"aws:userid": "true"}"#, true),
        (r#""Null": {"aws:username": true}"#, false),
        (
            r#""StringNotEquals": {"aws:username": "${aws:userid}"}"#,
            false,
        ),
        (
            r#""StringLike": {"aws:username": "j*"}, "Bool": {"aws:SecureTransport": "true"}"#,
            false,
        ),
    ] {
        let expected = if holds {
            Decision::Allowed
        } else {
            Decision::NotAllowed
        };
        let text = with_condition(condition);
        assert_eq!(
            decided(&text, ActionName::ListJobs, &of_jane()),
            expected,
            "{condition}"
        );
    }
}

#[test]
fn variables_are_text_before_2012() {
    let text = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": {"StringEquals": {"aws:username": "${aws:username}"}}}}"#;
    let jane = of_jane();
    assert_eq!(
        decided(text, ActionName::ListJobs, &jane),
        Decision::NotAllowed
    );
    let dollar = context(&[(Key::UserName, "${aws:username}")]);
    assert_eq!(
        decided(text, ActionName::ListJobs, &dollar),
        Decision::Allowed
    );
}

#[test]
fn a_resource_is_a_bucket_or_everything() {
    let text = |resource: &str| {
        with_statement(&format!(
            r#""Effect": "Allow", "Action": "*", "Resource": "{resource}""#
        ))
    };
    let nothing = Context::default();
    let may = |pattern: &str, resource: &str| {
        let policy = Policy::parse(&text(pattern), Size::Policy).unwrap();
        let request = Request {
            action: ActionName::Import,
            resource,
            context: &nothing,
        };
        decide([&policy], &request) == Decision::Allowed
    };
    assert!(may("*", "*") && may("*", "arn:aws:s3:::photos"));
    assert!(!may("arn:aws:s3:::*", "*"), "no ARN is everything");
    assert!(may("arn:aws:s3:::team-?", "arn:aws:s3:::team-a"));
    assert!(!may("arn:aws:s3:::team-?", "arn:aws:s3:::team-ab"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}") {
        let _ = Policy::parse(&text, Size::Policy);
        let _ = Policy::parse(&with_condition(&text), Size::Policy);
    }
}
