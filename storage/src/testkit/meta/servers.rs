//! The behaviour of the list of serving processes in every metadata store.

use super::{Kit, NOW, later};

pub(super) async fn behave(kit: &Kit) {
    let behind = async |number| kit.two.servers_behind(number, NOW).await.unwrap();
    assert_eq!(behind(1).await, 0, "nobody serves");
    kit.one.confirm_changes(5, later(60)).await.unwrap();
    kit.two.confirm_changes(7, later(60)).await.unwrap();
    assert_eq!((behind(5).await, behind(6).await, behind(8).await), (0, 1, 2));
    kit.one.confirm_changes(8, later(60)).await.unwrap();
    assert_eq!(behind(8).await, 1);
    assert_eq!(kit.one.servers_behind(9, later(60)).await.unwrap(), 0, "not heard of for too long");
    kit.two.stop_serving().await.unwrap();
    assert_eq!(behind(9).await, 1, "the other one");
    kit.two.forget_servers().await.unwrap();
    assert_eq!(behind(9).await, 0);
}
