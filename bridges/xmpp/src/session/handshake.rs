//! The handshake of a component: stream header, a hash of stream id and secret, and the answer.

use futures_util::{SinkExt, StreamExt};
use tokio_xmpp::{
    minidom::Element,
    parsers::component::Handshake,
    xmlstream::{ReadError, StreamHeader, Timeouts, initiate_stream},
};

use super::{Cut, Io, Settings, Xml, condition};
use crate::ns;

/// Opens the stream and proves that we know the secret.
pub(super) async fn perform(io: Io, settings: &Settings, timeouts: Timeouts) -> Result<Xml, Cut> {
    let header = StreamHeader { to: Some(settings.jid.as_str().into()), from: None, id: None };
    let mut pending = initiate_stream(io, ns::COMPONENT, header, timeouts).await?;
    let id = pending
        .take_header()
        .id
        .ok_or_else(|| Cut::Protocol("its stream has no id".to_owned()))?
        .into_owned();
    // Components get no features.
    let mut stream: Xml = pending.skip_features::<Element>();
    let handshake = Handshake::from_stream_id_and_password(id, &settings.secret);
    SinkExt::<&Handshake>::send(&mut stream, &handshake).await?;
    loop {
        match stream.next().await {
            Some(Ok(answer)) if answer.name() == "handshake" => return Ok(stream),
            Some(Ok(answer)) if answer.name() == "error" => {
                return Err(Cut::Refused(condition(&answer)));
            }
            Some(Ok(_) | Err(ReadError::SoftTimeout)) => {}
            Some(Err(ReadError::HardError(error))) => return Err(error.into()),
            Some(Err(ReadError::ParseError(error))) => {
                return Err(Cut::Protocol(error.to_string()));
            }
            Some(Err(ReadError::StreamFooterReceived)) | None => {
                return Err(Cut::Ended("during the handshake".to_owned()));
            }
        }
    }
}
