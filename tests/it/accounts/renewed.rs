//! Sessions: kept as long as they last, renewed before they end, and refused where they are of another account.

use bdr::address::AccountName;
use bdr::diag::Spanned;
use bdr::policy::{Account, S3Backend};
use bdr::store::ErrorKind;
use bdr::store::Store;
use bdr::stores::S3Store;

use crate::accounts::OTHER;
use crate::harness::canned::{Answer, Canned};
use crate::harness::fresh_name;

/// What STS answers, with a session that lasts so long.
fn session(account: &str, minutes: i64) -> Answer {
    let until = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes);
    let until = until.strftime("%Y-%m-%dT%H:%M:%SZ");
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>ASIATAKEN</AccessKeyId>\
         <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{until}</Expiration></Credentials><AssumedRoleUser>\
         <AssumedRoleId>AROA:bdr</AssumedRoleId><Arn>arn:aws:sts::{account}:assumed-role/bdr/bdr</Arn></AssumedRoleUser></AssumeRoleResult>\
         </AssumeRoleResponse>"
    );
    (200, "Content-Type: text/xml\r\n", body)
}

const LISTING: &str = "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";

async fn store(canned: &Canned) -> S3Store {
    let account = Account {
        name: Spanned::bare(AccountName::new("backups").unwrap()),
        id: Spanned::bare(OTHER.to_owned()),
        role: Spanned::bare("bdr".to_owned()),
        external_id: None,
        session_name: fresh_name(),
        span: None,
    };
    let backend = S3Backend { through: Some(Box::new(account)), ..canned.endpoint.backend("bucket", "") };
    S3Store::new(bdr::stores::s3::connect(&backend, &canned.endpoint.env()).await.unwrap(), &backend)
}

#[tokio::test]
async fn a_session_is_kept_while_it_lasts_and_renewed_before_it_ends() {
    for (minutes, asked) in [(60, 1..=1), (4, 3..=6)] {
        let canned = Canned::new(&[("POST", session(OTHER, minutes)), ("GET ?list-type=2", (200, "", LISTING.to_owned()))]).await;
        let store = store(&canned).await;
        for _ in 0..3 {
            store.list("", None, 1).await.unwrap();
        }
        let count = canned.bodies("POST").len();
        assert!(asked.contains(&count), "{count} times for {minutes} minutes");
        assert!(canned.bodies("POST")[0].contains("RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2Fbdr"));
    }
}

#[tokio::test]
async fn a_role_of_another_account_is_refused_before_anything_is_asked_by_it() {
    let canned = Canned::new(&[("POST", session("999999999999", 60)), ("GET ?list-type=2", (200, "", LISTING.to_owned()))]).await;
    let refused = store(&canned).await.list("", None, 1).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Unauthenticated);
    assert!(refused.reason.contains("it belongs to account 999999999999"), "{refused}");
    assert!(refused.help.unwrap().contains("is 222222222222"));
    assert!(canned.bodies("GET ?list-type=2").is_empty());
}
