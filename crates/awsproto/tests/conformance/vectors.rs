//! Vectors computed by other implementations: botocore's (V2, V4, presigned), an old Ruby client's
//! (V2 with SHA-1), and the examples of the Amazon S3 documentation.

use awsproto::sign::{self, Credentials, Endpoint, Payload, S3Request};
use awsproto::sigv2::{self, HmacMethod};
use awsproto::sigv4::{self, CanonicalRequest, Scope, SigningKey};
use awsproto::{AccessKeyId, Params, SecretKey, SessionToken};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::wire::{KEY_ID, RawRequest, SECRET};

pub(crate) const SIGNED_AT: OffsetDateTime = datetime!(2011-06-20 22:30:59 UTC);
pub(crate) const HOST: &str = "importexport.amazonaws.com";
const LOCAL: &str = "127.0.0.1:18081";
const TOKEN: &str = "FQoTOKEN/+=";
pub(crate) const EMPTY_SHA256: &str =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(crate) fn credentials(token: Option<&str>) -> Credentials {
    Credentials {
        access_key_id: AccessKeyId::parse(KEY_ID).unwrap(),
        secret: SecretKey::new(SECRET),
        session_token: token.map(SessionToken::new),
    }
}

pub(crate) fn at(host: &str) -> Endpoint<'_> {
    Endpoint { host, path: "/" }
}

fn create_job() -> Params {
    [
        ("Action", "CreateJob"),
        ("Version", "2010-06-01"),
        ("JobType", "Import"),
        (
            "Manifest",
            "manifestVersion: 2.0\nbucket: my-bucket\ndeviceId: A~B_C*(1) é+&=/\n",
        ),
        ("ValidateOnly", "false"),
    ]
    .into_iter()
    .collect()
}

pub(crate) fn get_status() -> Params {
    [
        ("Action", "GetStatus"),
        ("Version", "2010-06-01"),
        ("JobId", "ABCDE"),
    ]
    .into_iter()
    .collect()
}

/// Checks a Version 2 vector both ways: its recorded body verifies, and signing the same parameters
/// gives its signature.
fn check_v2(host: &str, token: Option<&str>, params: &Params, signature: &str, body: &str) {
    let request = RawRequest::new("POST", "/", &[("Host", host)], body);
    request.judge(SIGNED_AT).unwrap();

    let signed = sign::form_v2(
        &credentials(token),
        at(host),
        HmacMethod::Sha256,
        params,
        SIGNED_AT,
    );
    let signed = Params::parse(signed.body.as_bytes()).unwrap();
    assert_eq!(signed, Params::parse(body.as_bytes()).unwrap());
    assert_eq!(signed.get("Signature"), Some(signature));
}

#[test]
fn v2_get_status() {
    let body = "Action=GetStatus&Version=2010-06-01&JobId=ABCDE&AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE\
                &SignatureVersion=2&SignatureMethod=HmacSHA256&Timestamp=2011-06-20T22%3A30%3A59Z\
                &Signature=RTTVqlpSQ0wz61V%2BBCYRX8GanchYCCljNU%2BhdKbpOas%3D";
    check_v2(
        HOST,
        None,
        &get_status(),
        "RTTVqlpSQ0wz61V+BCYRX8GanchYCCljNU+hdKbpOas=",
        body,
    );

    let params = Params::parse(body.as_bytes()).unwrap();
    assert_eq!(
        sigv2::string_to_sign("POST", HOST, "/", &params),
        "POST\nimportexport.amazonaws.com\n/\nAWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Action=GetStatus\
         &JobId=ABCDE&SignatureMethod=HmacSHA256&SignatureVersion=2\
         &Timestamp=2011-06-20T22%3A30%3A59Z&Version=2010-06-01"
    );
}

#[test]
fn v2_create_job_with_a_port_and_every_kind_of_character() {
    let body = "Action=CreateJob&Version=2010-06-01&JobType=Import&Manifest=manifestVersion%3A+2.0%0A\
                bucket%3A+my-bucket%0AdeviceId%3A+A~B_C%2A%281%29+%C3%A9%2B%26%3D%2F%0A&ValidateOnly=false\
                &AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&SignatureVersion=2&SignatureMethod=HmacSHA256\
                &Timestamp=2011-06-20T22%3A30%3A59Z\
                &Signature=7%2FbD4KlUq3MDY6tUMRRgh7mypRgseoY5mPJNFswDCUE%3D";
    check_v2(
        LOCAL,
        None,
        &create_job(),
        "7/bD4KlUq3MDY6tUMRRgh7mypRgseoY5mPJNFswDCUE=",
        body,
    );
}

#[test]
fn v2_shipping_label_with_a_token_and_a_list() {
    let params: Params = [
        ("Action", "GetShippingLabel"),
        ("Version", "2010-06-01"),
        ("APIVersion", "2014-12-18"),
        ("jobIds.member.1", "ABCDE"),
        ("jobIds.member.2", "FGHJK"),
        ("jobIds.member.10", "ZZZZZ"),
        ("name", "Jane Roe"),
        ("street1", "1 \"A\" St"),
    ]
    .into_iter()
    .collect();
    let body = "Action=GetShippingLabel&Version=2010-06-01&APIVersion=2014-12-18&jobIds.member.1=ABCDE\
                &jobIds.member.2=FGHJK&jobIds.member.10=ZZZZZ&name=Jane+Roe&street1=1+%22A%22+St\
                &AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&SignatureVersion=2&SignatureMethod=HmacSHA256\
                &Timestamp=2011-06-20T22%3A30%3A59Z&SecurityToken=FQoTOKEN%2F%2B%3D\
                &Signature=XStTacXp4w4AJ3q%2Ft9W59l28mQrXwzhEIFqEwPeeXVg%3D";
    check_v2(
        HOST,
        Some(TOKEN),
        &params,
        "XStTacXp4w4AJ3q/t9W59l28mQrXwzhEIFqEwPeeXVg=",
        body,
    );

    let claims = RawRequest::new("POST", "/", &[("Host", HOST)], body)
        .claims()
        .unwrap();
    assert_eq!(claims.session_token(), Some(&SessionToken::new(TOKEN)));
}

#[test]
fn v2_with_sha1_and_an_offset() {
    let with_signature = |method: &str, signature: &str| {
        let body = format!(
            "Operation=CreateJob&JobType=Import&Manifest=---%20%7B%7D%0A%0A&AWSAccessKeyId=ABC-123\
             &SignatureVersion=2&SignatureMethod={method}&Timestamp=2010-09-20T05%3A10%3A35%2B00%3A00\
             &Signature={signature}"
        );
        let request = RawRequest::new("POST", "/", &[("Host", HOST)], &body);
        request.judge_with("ABC-123", "123-ABC", datetime!(2010-09-20 05:10:35 UTC))
    };
    let params = with_signature("HmacSHA1", "hmgL0julWxoVXeYHHqFQAbvmaL4%3D").unwrap();
    assert_eq!(params.action(), Ok("CreateJob"));

    // The same string, method name and all, under the other hash.
    let string = "POST\nimportexport.amazonaws.com\n/\nAWSAccessKeyId=ABC-123&JobType=Import\
                  &Manifest=---%20%7B%7D%0A%0A&Operation=CreateJob&SignatureMethod=HmacSHA1\
                  &SignatureVersion=2&Timestamp=2010-09-20T05%3A10%3A35%2B00%3A00";
    let secret = SecretKey::new("123-ABC");
    assert_eq!(
        sigv2::signature(&secret, HmacMethod::Sha1, string),
        "hmgL0julWxoVXeYHHqFQAbvmaL4="
    );
    assert_eq!(
        sigv2::signature(&secret, HmacMethod::Sha256, string),
        "Ca/3N9WWzwfBWlHy4wSlt+a7sDxAA+bSf1Cp44nIVCQ="
    );
}

const V4_GET_STATUS: &str = "POST\n/\n\ncontent-type:application/x-www-form-urlencoded; charset=utf-8\n\
    host:importexport.amazonaws.com\nx-amz-date:20110620T223059Z\n\ncontent-type;host;x-amz-date\n\
    c440ba16b96116cc80895f5c7ca751b6f9d7764cd14c218bd84379921796d691";

#[test]
fn v4_get_status() {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let canonical = CanonicalRequest {
        method: "POST",
        path: "/",
        query: "",
        headers: &[
            header("content-type", sign::FORM),
            header("host", HOST),
            header("x-amz-date", "20110620T223059Z"),
        ],
        payload: "c440ba16b96116cc80895f5c7ca751b6f9d7764cd14c218bd84379921796d691",
    }
    .text();
    assert_eq!(canonical, V4_GET_STATUS);

    let scope = Scope::new(SIGNED_AT, "us-east-1", "IngestionService");
    let string = sigv4::string_to_sign("20110620T223059Z", &scope, &canonical);
    assert_eq!(
        string,
        "AWS4-HMAC-SHA256\n20110620T223059Z\n20110620/us-east-1/IngestionService/aws4_request\n\
         aba9b4caf503347491a9f61c451e23dde706d7cb858dfa66bcab1c262d192653"
    );
    assert_eq!(
        SigningKey::derive(&SecretKey::new(SECRET), scope).sign(&string),
        "e5e080bf6ca0bcc5c268dc3fb423fcdacb8c913f9242208bcabd9d69114f59d6"
    );

    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20110620/us-east-1/IngestionService/\
        aws4_request, SignedHeaders=content-type;host;x-amz-date, \
        Signature=e5e080bf6ca0bcc5c268dc3fb423fcdacb8c913f9242208bcabd9d69114f59d6";
    let request = RawRequest::new(
        "POST",
        "/",
        &[
            ("HOST", HOST),
            (
                "Content-Type",
                "  application/x-www-form-urlencoded;   charset=utf-8 ",
            ),
            ("X-Amz-Date", "20110620T223059Z"),
            ("Authorization", authorization),
        ],
        "Action=GetStatus&Version=2010-06-01&JobId=ABCDE",
    );
    request.judge(SIGNED_AT).unwrap();
}

#[test]
fn v4_create_job_with_a_token() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20110620/us-east-1/IngestionService/\
        aws4_request,SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,\
        Signature=be215862e8eaaaaa0319c7504a8585d2f6275289cd8300af461549b4f848e633";
    let request = RawRequest::new(
        "POST",
        "/",
        &[
            ("host", LOCAL),
            ("content-type", sign::FORM),
            ("x-amz-date", "20110620T223059Z"),
            ("x-amz-security-token", TOKEN),
            ("authorization", authorization),
        ],
        "Action=CreateJob&Version=2010-06-01&JobType=Import&Manifest=manifestVersion%3A+2.0%0A\
         bucket%3A+my-bucket%0AdeviceId%3A+A~B_C%2A%281%29+%C3%A9%2B%26%3D%2F%0A&ValidateOnly=false",
    );
    request.judge(SIGNED_AT).unwrap();
    assert_eq!(
        request.claims().unwrap().session_token(),
        Some(&SessionToken::new(TOKEN))
    );
}

/// Presigned by botocore for another region, with temporary credentials.
///
/// The first is what `generate_presigned_url` makes by default: signed for the operation's own
/// method, `POST`. The others are made with `HttpMethod='GET'`, and their signatures are those our
/// own signer makes.
#[test]
fn v4_presigned() {
    let authentication = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20110620%2F\
        eu-west-1%2FIngestionService%2Faws4_request&X-Amz-Date=20110620T223059Z&X-Amz-Expires=300\
        &X-Amz-SignedHeaders=host&X-Amz-Security-Token=FQoTOKEN%2F%2B%3D&X-Amz-Signature";
    for (method, operation, signature) in [
        (
            "POST",
            "Action=GetStatus&Version=2010-06-01&JobId=ABCDE",
            "ccc2e36cc413367f4374d5a9f2a734ec409470c14a424be85db03283d12a9312",
        ),
        (
            "GET",
            "Action=GetStatus&Version=2010-06-01&JobId=ABCDE",
            "bc2cd07b2fcdd000fce0b42b63b455f939facfb8d7b4ca519abd454495625310",
        ),
        (
            "GET",
            "Action=GetShippingLabel&Version=2010-06-01&jobIds.member.1=ABCDE&jobIds.member.2=FGHJK\
             &name=Jos%C3%A9%20%26%20Co%20%2B%20%281%29%20~%2A",
            "ece04edf4e83e518c4a23aea27624cfc9ec0b5c1e4371cfe046744b5cf023a2c",
        ),
    ] {
        let target = format!("/?{operation}&{authentication}={signature}");
        let request = RawRequest::new(method, &target, &[("Host", LOCAL)], "");
        request.judge(SIGNED_AT + Duration::minutes(5)).unwrap();
        let late = request.judge(SIGNED_AT + Duration::minutes(6)).unwrap_err();
        assert_eq!(late.code(), "RequestExpired");

        let params = Params::parse(operation.as_bytes()).unwrap();
        let signed = sign::presigned_v4(
            &credentials(Some(TOKEN)),
            at(LOCAL),
            "eu-west-1",
            "IngestionService",
            &params,
            SIGNED_AT,
            300,
        );
        let made_here = signed.ends_with(&format!("&X-Amz-Signature={signature}"));
        assert_eq!(made_here, method == "GET", "{signed}");
    }
}

/// The four examples of "Authenticating Requests: Using the Authorization Header" in the Amazon S3
/// API reference.
#[test]
fn s3_documentation_examples() {
    let time = datetime!(2013-05-24 0:00 UTC);
    let key = SigningKey::derive(&SecretKey::new(SECRET), Scope::new(time, "us-east-1", "s3"));
    let get = S3Request {
        method: "GET",
        host: "examplebucket.s3.amazonaws.com",
        path: "/",
        query: &[],
        headers: &[],
        payload: Payload::Sha256(EMPTY_SHA256),
    };
    let put_payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    for (request, signature) in [
        (
            S3Request {
                path: "/test.txt",
                headers: &[("Range", "bytes=0-9")],
                ..get
            },
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            S3Request {
                method: "PUT",
                path: "/test%24file.text",
                headers: &[
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                    ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                ],
                payload: Payload::Sha256(put_payload),
                ..get
            },
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            S3Request {
                query: &[("lifecycle", "")],
                ..get
            },
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            S3Request {
                query: &[("prefix", "J"), ("max-keys", "2")],
                ..get
            },
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let added = sign::s3(
            &AccessKeyId::parse(KEY_ID).unwrap(),
            None,
            &key,
            &request,
            time,
        );
        let (name, authorization) = added.last().unwrap();
        assert_eq!(*name, "authorization");
        assert!(
            authorization.ends_with(&format!("Signature={signature}")),
            "{authorization}"
        );
    }
}

#[test]
fn s3_with_a_token_and_an_unsigned_payload_signs_what_it_adds() {
    let time = datetime!(2013-05-24 0:00 UTC);
    let key = SigningKey::derive(&SecretKey::new(SECRET), Scope::new(time, "us-east-1", "s3"));
    assert!(key.is_for(time + Duration::hours(23)));
    assert!(!key.is_for(time + Duration::hours(24)));
    assert_eq!(
        format!("{key:?}"),
        "SigningKey(20130524/us-east-1/s3/aws4_request, …)"
    );

    let request = S3Request {
        method: "PUT",
        host: "h:9000",
        path: "/b/k",
        query: &[],
        headers: &[],
        payload: Payload::Unsigned,
    };
    let token = SessionToken::new(TOKEN);
    let added = sign::s3(
        &AccessKeyId::parse(KEY_ID).unwrap(),
        Some(&token),
        &key,
        &request,
        time,
    );
    assert_eq!(added[0], ("x-amz-date", "20130524T000000Z".to_owned()));
    assert_eq!(
        added[1],
        ("x-amz-content-sha256", "UNSIGNED-PAYLOAD".to_owned())
    );
    assert_eq!(added[2], ("x-amz-security-token", TOKEN.to_owned()));
    assert!(added[3].1.contains(
        "/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="
    ));
}

/// rusoto percent-encodes its query string into the path, and signs that path encoded once more.
#[test]
fn v4_encodes_the_path_twice() {
    let request = RawRequest::new(
        "POST",
        "/%3FOperation%3DCreateJob",
        &[
            ("Host", LOCAL),
            ("X-Amz-Date", "20110620T223059Z"),
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20110620/eu/importexport/aws4_request, \
                 SignedHeaders=host, Signature=0",
            ),
        ],
        "",
    );
    let message = request.judge(SIGNED_AT).unwrap_err().message();
    let canonical =
        format!("'POST\n/%253FOperation%253DCreateJob\n\nhost:{LOCAL}\n\nhost\n{EMPTY_SHA256}'\n");
    assert!(message.contains(&canonical), "{message}");
    assert!(
        message.contains(
            "'AWS4-HMAC-SHA256\n20110620T223059Z\n20110620/eu/importexport/aws4_request\n"
        )
    );
}
