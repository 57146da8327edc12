//! Values of arguments that several commands take.

use clap::{Args, ValueEnum};
use sopilot_proto::{
    catalog::v1::{MaskRegion, MaskStyle, VideoRole},
    scoring::v1::Verdict,
};

use crate::output::Output;

/// Which server is called.
#[derive(Debug, Clone, Args)]
pub(crate) struct Server {
    /// Address of the catalog
    #[arg(
        long,
        env = "SOPILOT_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:7410"
    )]
    pub(crate) server: String,
}

/// How much of a list of a server is printed, and as what.
#[derive(Debug, Clone, Args)]
pub(crate) struct Listing {
    /// At most this many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) server: Server,
}

impl Listing {
    /// How many are printed at most.
    pub(crate) fn most(&self) -> usize {
        self.limit.unwrap_or(usize::MAX)
    }
}

/// What a video shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The procedure done right
    Gold,
    /// A trainee doing it
    Trainee,
    /// Somebody doing it in production; scored like a trainee
    Audit,
}

impl Role {
    /// As it is written on the command line and as a folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Trainee => "trainee",
            Self::Audit => "audit",
        }
    }

    /// The role of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::value_variants()
            .iter()
            .copied()
            .find(|role| role.name() == name)
    }
}

impl From<Role> for VideoRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Gold => Self::Gold,
            Role::Trainee => Self::Trainee,
            Role::Audit => Self::Audit,
        }
    }
}

/// A verdict that a person can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PersonsVerdict {
    /// The procedure was followed
    Pass,
    /// It was not
    Fail,
    /// Somebody else must look
    NeedsReview,
    /// The videos do not show the same work
    NotComparable,
}

impl From<PersonsVerdict> for Verdict {
    fn from(verdict: PersonsVerdict) -> Self {
        match verdict {
            PersonsVerdict::Pass => Self::Pass,
            PersonsVerdict::Fail => Self::Fail,
            PersonsVerdict::NeedsReview => Self::NeedsReview,
            PersonsVerdict::NotComparable => Self::NotComparable,
        }
    }
}

/// Reads `x,y,width,height[,style]`, fractions of the picture. Whether the region lies inside the
/// picture is for the server to say.
pub(crate) fn mask_region(text: &str) -> Result<MaskRegion, String> {
    const FORM: &str = "write x,y,width,height as fractions of the picture, such as 0,0,0.25,0.1, and if wanted ,black, ,blur or ,pixelate";
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let (numbers, style) = match parts.len() {
        4 => (&parts[..], MaskStyle::Unspecified),
        5 => match parts[4] {
            "black" => (&parts[..4], MaskStyle::Black),
            "blur" => (&parts[..4], MaskStyle::Blur),
            "pixelate" => (&parts[..4], MaskStyle::Pixelate),
            other => {
                return Err(format!(
                    "`{other}` is not a style: write black, blur or pixelate"
                ));
            }
        },
        count => return Err(format!("has {count} parts: {FORM}")),
    };
    let mut values = [0.0; 4];
    for (value, text) in values.iter_mut().zip(numbers) {
        *value = text
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| format!("`{text}` is not a number: {FORM}"))?;
    }
    let [x, y, width, height] = values;
    Ok(MaskRegion {
        x,
        y,
        width,
        height,
        style: style.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_four_numbers_and_a_style() {
        let region = mask_region("0, 0.5,0.25,0.1,blur").unwrap();
        assert_eq!(
            (region.x, region.y, region.width, region.height),
            (0.0, 0.5, 0.25, 0.1)
        );
        assert_eq!(region.style(), MaskStyle::Blur);
        assert_eq!(
            mask_region("0,0,1,1").unwrap().style(),
            MaskStyle::Unspecified
        );
        for wrong in [
            "",
            "0,0,1",
            "0,0,1,x",
            "0,0,1,NaN",
            "0,0,1,1,red",
            "0,0,1,1,blur,1",
        ] {
            assert!(mask_region(wrong).is_err(), "{wrong}");
        }
    }
}
