//! Permits and writes.

use futures_util::future::poll_immediate;

use super::{LIMIT, Message, PermitError, Priority, Rate, SendError, Talk, privmsg, timeout};

/// A round trip through session and server: whatever was asked before is done.
async fn settle(talk: &mut Talk) {
    talk.peer.say("PING settle").await;
    assert_eq!(talk.peer.line().await, "PONG settle");
}

#[tokio::test]
async fn nothing_is_granted_before_registration() {
    let mut talk = Talk::open(|_| {}).await;
    let handle = talk.handle.clone();
    let mut permit = Box::pin(handle.permit(Priority::Message, 1));
    assert!(poll_immediate(&mut permit).await.is_none());
    talk.peer.register("").await;
    talk.until_registered().await;
    timeout(LIMIT, permit).await.unwrap().unwrap().write(privmsg("hi")).await.unwrap();
    assert_eq!(talk.peer.line().await, "PRIVMSG #c hi");
}

#[tokio::test]
async fn the_bucket_holds_back_what_comes_after_the_burst() {
    let rate = Rate::Limited { burst: 2, per_second: 0.001 };
    let mut talk = Talk::registered("", |config| config.flood = rate).await;
    for text in ["one", "two"] {
        talk.handle.send(1, privmsg(text)).await.unwrap();
        assert_eq!(talk.peer.line().await, format!("PRIVMSG #c {text}"));
    }
    let handle = talk.handle.clone();
    let mut third = Box::pin(handle.permit(Priority::Message, 1));
    assert!(poll_immediate(&mut third).await.is_none());
    settle(&mut talk).await;
    assert!(poll_immediate(&mut third).await.is_none(), "PONG passes, the third line does not");
}

#[tokio::test]
async fn a_server_that_slows_us_down_itself_is_not_held_back() {
    let rate = Rate::Limited { burst: 1, per_second: 0.001 };
    let mut talk = Talk::registered("", |config| config.flood = rate).await;
    talk.peer.say(":irc.s 005 al soju.im/SAFERATE :are supported").await;
    talk.message().await;
    for text in ["one", "two", "three"] {
        timeout(LIMIT, talk.handle.send(1, privmsg(text))).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_full_queue_refuses_until_somebody_gives_up() {
    let rate = Rate::Limited { burst: 1, per_second: 0.001 };
    let mut talk = Talk::registered("", |config| (config.flood, config.queue) = (rate, 2)).await;
    talk.handle.send(1, privmsg("one")).await.unwrap();
    talk.peer.line().await;
    let handle = talk.handle.clone();
    let mut waiting: Vec<_> =
        (0..2).map(|lane| Box::pin(handle.permit(Priority::Message, lane))).collect();
    for permit in &mut waiting {
        assert!(poll_immediate(permit).await.is_none());
    }
    settle(&mut talk).await;
    let refused = timeout(LIMIT, handle.permit(Priority::Message, 3)).await.unwrap();
    assert_eq!(refused.unwrap_err(), PermitError::Full);
    waiting.clear();
    let mut fourth = Box::pin(handle.permit(Priority::Message, 4));
    assert!(poll_immediate(&mut fourth).await.is_none());
    settle(&mut talk).await;
    assert!(poll_immediate(&mut fourth).await.is_none(), "it waits and is not refused");
}

#[tokio::test]
async fn a_barrier_waits_for_permits_in_use_and_holds_later_ones() {
    let mut talk = Talk::registered("", |_| {}).await;
    let handle = talk.handle.clone();
    let first = handle.permit(Priority::Message, 1).await.unwrap();
    let mut nick = Box::pin(handle.send(0, Message::new("NICK", ["bob"])));
    assert!(poll_immediate(&mut nick).await.is_none());
    let mut later = Box::pin(handle.send(1, privmsg("as bob")));
    assert!(poll_immediate(&mut later).await.is_none());
    settle(&mut talk).await;
    assert!(poll_immediate(&mut nick).await.is_none());
    assert!(poll_immediate(&mut later).await.is_none());
    first.write(privmsg("as al")).await.unwrap();
    let both = async { tokio::try_join!(nick, later) };
    timeout(LIMIT, both).await.unwrap().unwrap();
    for line in ["PRIVMSG #c :as al", "NICK bob", "PRIVMSG #c :as bob"] {
        assert_eq!(talk.peer.line().await, line);
    }
}

#[tokio::test]
async fn tags_and_labels_go_only_where_they_are_understood() {
    let tagged = || privmsg("hi").with_tag("+typing", "active");
    let mut plain = Talk::registered("", |_| {}).await;
    let permit = plain.handle.permit(Priority::Message, 1).await.unwrap();
    assert_eq!(permit.label(), None);
    permit.write_labelled(tagged(), "x").await.unwrap();
    assert_eq!(plain.peer.line().await, "PRIVMSG #c hi");

    let mut modern = Talk::registered("message-tags labeled-response batch", |_| {}).await;
    let mut labels = Vec::new();
    for _ in 0..2 {
        let permit = modern.handle.permit(Priority::Message, 1).await.unwrap();
        let label = permit.label().unwrap();
        permit.write_labelled(tagged(), &label).await.unwrap();
        assert_eq!(
            modern.peer.line().await,
            format!("@+typing=active;label={label} PRIVMSG #c hi")
        );
        labels.push(label);
    }
    assert_ne!(labels.first(), labels.last());
}

#[tokio::test]
async fn several_lines_of_one_permit_stay_together() {
    let mut talk = Talk::registered("", |_| {}).await;
    let permit = talk.handle.permit(Priority::Message, 1).await.unwrap();
    permit.write_all(&["a", "b", "c"].map(privmsg)).await.unwrap();
    for text in ["a", "b", "c"] {
        assert_eq!(talk.peer.line().await, format!("PRIVMSG #c {text}"));
    }
}

#[tokio::test]
async fn lines_that_the_server_would_cut_or_misread_are_not_written() {
    let mut talk = Talk::registered("", |_| {}).await;
    let long = privmsg(&"x".repeat(500));
    let error = talk.handle.send(1, long).await.unwrap_err();
    assert_eq!(error, SendError::TooLong { bytes: 513, limit: 512 });
    let error = talk.handle.send(1, Message::new("KICK", ["#c", "a b", "why"])).await.unwrap_err();
    assert!(matches!(error, SendError::Invalid(_)));
    talk.handle.send(1, privmsg(&"x".repeat(499))).await.unwrap();
    assert_eq!(talk.peer.line().await.len(), 510);
}

#[tokio::test]
async fn after_the_end_nothing_is_written_and_the_author_knows() {
    let mut talk = Talk::registered("", |_| {}).await;
    let permit = talk.handle.permit(Priority::Message, 1).await.unwrap();
    drop(talk.peer);
    loop {
        if let super::EventKind::Closed(_) =
            timeout(LIMIT, talk.events.recv()).await.unwrap().unwrap().kind
        {
            break;
        }
    }
    assert_eq!(permit.write(privmsg("late")).await, Err(SendError::NotWritten));
    assert!(talk.handle.is_closed());
    let refused = talk.handle.permit(Priority::Message, 1).await;
    assert_eq!(refused.unwrap_err(), PermitError::Closed);
}
