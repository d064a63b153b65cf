//! Writes whose body has to name the state that they replace (`version`): as the device shows it now.

use super::engine::Probe;
use crate::case::Case;
use crate::case::moves::with_member;
use crate::exchange::{Exchange, HttpRequest, Request};
use crate::pointer;

impl Probe<'_> {
    /// The request with the state that stands in its body, where the device has shown that it wants
    /// that and has refused this one for a conflict. `None` where the case is about that member.
    pub(super) async fn revised(
        &self,
        case: &Case,
        request: &HttpRequest,
        exchange: &Exchange,
    ) -> Option<Request> {
        if !matches!(exchange.status(), Some(409 | 412)) {
            return None;
        }
        let (read, pointer) = self.guard.as_ref()?.revision(&case.operation)?;
        let name = pointer::unescape(pointer.strip_prefix('/')?);
        let about = format!("body.{name}.");
        if case
            .promises
            .iter()
            .any(|p| p.statement().starts_with(&about))
        {
            return None;
        }
        let state = self.device().read_state(read).await.ok()?;
        with_member(request, &name, state.get(pointer)?).map(Request::Http)
    }
}
