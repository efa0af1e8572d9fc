//! People with tokens, and what they ask for.

use model::control::ControlFault;
use model::ids::PersonName;
use model::role::Role;
use serde_json::Value;
use server::ops::{Caller, operators};

use crate::world::World;

/// A person with a token.
pub(crate) struct Person<'a> {
    pub(crate) world: &'a World,
    pub(crate) token: String,
}

impl<'a> Person<'a> {
    /// A new person.
    pub(crate) async fn add(world: &'a World, name: &str, role: Role) -> Self {
        let admin = world.service.context().admin();
        let name = PersonName::new(name).unwrap();
        let token = operators::add(&admin, &Caller::Operator, &name, role).await;
        let token = token.unwrap().expose().to_owned();
        Self { world, token }
    }

    /// The document of an answer, or status and code of a refusal.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Value, (u16, String)> {
        let headers = [("authorization", format!("Bearer {}", self.token))];
        let target = format!("/operator/v1/{path}");
        let answer = self.world.http(method, &target, &headers, body).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        if answer.status == 200 {
            return Ok(serde_json::from_str(&answer.body).unwrap());
        }
        let fault: ControlFault = serde_json::from_str(&answer.body).unwrap();
        assert!(!fault.message.is_empty());
        Err((answer.status, fault.code))
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value, (u16, String)> {
        self.ask("GET", path, "").await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Value, (u16, String)> {
        self.ask("POST", path, &body.to_string()).await
    }
}

/// Status and code of a refusal.
pub(crate) fn fault(status: u16, code: &str) -> Result<Value, (u16, String)> {
    Err((status, code.to_owned()))
}

/// The name of the service's own station.
pub(crate) async fn station_of(person: &Person<'_>) -> String {
    let all = person.get("stations").await.unwrap();
    all["Stations"][0]["Name"].as_str().unwrap().to_owned()
}
