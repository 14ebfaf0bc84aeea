//! Accounts of our namespace and the profiles of all.

use hyper::Method;
use ruma::{
    OwnedMxcUri, UserId,
    api::client::account::register::{LoginType, v3::Request as Register},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use super::{As, Homeserver, HomeserverError, answer::to_body, path::Path};

/// How a registration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// The account was made.
    New,
    /// There was an account already.
    Existing,
}

/// What a user shows of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// The display name.
    #[serde(rename = "displayname")]
    pub display_name: Option<String>,
    /// The avatar.
    pub avatar_url: Option<OwnedMxcUri>,
}

impl Homeserver {
    /// `POST /_matrix/client/v3/register`: makes an account of our namespace, without a device.
    ///
    /// # Errors
    /// `M_EXCLUSIVE` if the user is not in a namespace of ours.
    pub async fn register(&self, localpart: &str) -> Result<Account, HomeserverError> {
        let mut request = Register::new();
        request.username = Some(localpart.to_owned());
        request.login_type = Some(LoginType::ApplicationService);
        request.inhibit_login = true;
        match self.call("register", As::Bot, request).await {
            Ok(_) => Ok(Account::New),
            Err(error) if error.is("M_USER_IN_USE") => Ok(Account::Existing),
            Err(error) => Err(error),
        }
    }

    /// `GET /_matrix/client/v3/profile/{userId}`; `None` if there is no such user or profile.
    pub async fn profile(&self, user_id: &UserId) -> Result<Option<Profile>, HomeserverError> {
        self.find("profile", profile_path(user_id)).await
    }

    /// `PUT /_matrix/client/v3/profile/{userId}/displayname`.
    ///
    /// The homeserver changes the member event of each room that the user is in.
    pub async fn set_display_name(
        &self,
        as_user: As<'_>,
        name: &str,
    ) -> Result<(), HomeserverError> {
        let endpoint = "set_display_name";
        let path = profile_path(self.user_id(as_user)).segment("displayname").acting(as_user);
        let body = to_body(endpoint, &json!({ "displayname": name }))?;
        self.json::<IgnoredAny>(endpoint, Method::PUT, path, Some(body)).await?;
        Ok(())
    }
}

fn profile_path(user_id: &UserId) -> Path {
    Path::new("/_matrix/client/v3/profile").segment(user_id.as_str())
}
