//! Decodes videos and embeds their clips.
