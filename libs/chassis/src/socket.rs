//! A TCP connection that somebody watches.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Watches a connection. Dropped with it.
pub(crate) trait Watch: Unpin {
    /// Asked before each read and write; an error ends the connection. `seen` bytes have been read
    /// so far. Wakes the task of `cx` when its mind may have changed.
    fn check(&mut self, _: &mut Context<'_>, _seen: u64) -> io::Result<()> {
        Ok(())
    }
}

/// A connection with its watch.
#[derive(Debug)]
pub(crate) struct Watched<W> {
    stream: TcpStream,
    seen: u64,
    watch: W,
}

impl<W> Watched<W> {
    pub(crate) fn new(stream: TcpStream, watch: W) -> Self {
        Self {
            stream,
            seen: 0,
            watch,
        }
    }

    pub(crate) fn watch(&self) -> &W {
        &self.watch
    }
}

impl<W: Watch> AsyncRead for Watched<W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.watch.check(cx, this.seen)?;
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.seen += (buffer.filled().len() - before) as u64;
        polled
    }
}

impl<W: Watch> AsyncWrite for Watched<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.watch.check(cx, this.seen)?;
        Pin::new(&mut this.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.watch.check(cx, this.seen)?;
        Pin::new(&mut this.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
