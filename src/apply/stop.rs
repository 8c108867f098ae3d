//! The wish to stop: once, finish what runs and start nothing; twice, let go at once.

use tokio::sync::watch;

/// Shared between who stops (Ctrl-C) and who is stopped.
#[derive(Debug, Clone)]
pub struct Stop {
    sender: std::sync::Arc<watch::Sender<u32>>,
    receiver: watch::Receiver<u32>,
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    pub fn new() -> Self {
        let (sender, receiver) = watch::channel(0);
        Self { sender: std::sync::Arc::new(sender), receiver }
    }

    /// Asks to stop, more urgently each time.
    pub fn ask(&self) {
        self.sender.send_modify(|times| *times += 1);
    }

    /// How often it was asked.
    pub fn asked(&self) -> u32 {
        *self.receiver.borrow()
    }

    /// Returns once it was asked at least that often.
    pub async fn asked_times(&mut self, times: u32) {
        if self.receiver.wait_for(|asked| *asked >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
