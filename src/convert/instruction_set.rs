//! The instruction sets that kernels are compiled for, and which of them is used.

use std::ffi::OsStr;
use std::sync::OnceLock;

/// The instructions that a kernel may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstructionSet {
    /// Those that every processor of the target has. They define the result.
    Portable,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F and BW.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// The instruction sets of the target, from the slowest to the fastest, and their names for the
    /// environment variable `HDR_IMAGE_TRANSFER_KERNEL`.
    const ALL: &[(InstructionSet, &str)] = &[
        (InstructionSet::Portable, "portable"),
        #[cfg(target_arch = "x86_64")]
        (InstructionSet::Avx2, "avx2"),
        #[cfg(target_arch = "x86_64")]
        (InstructionSet::Avx512, "avx512"),
    ];

    /// Whether this processor supports it.
    pub fn is_supported(self) -> bool {
        match self {
            InstructionSet::Portable => true,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => {
                is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
            }
        }
    }

    /// The instruction sets that this processor supports, from the slowest to the fastest.
    pub fn supported() -> impl Iterator<Item = InstructionSet> {
        InstructionSet::ALL.iter().map(|(set, _)| *set).filter(|set| set.is_supported())
    }

    /// The instruction set for images: see [`InstructionSet::choose`]. The environment is read once.
    pub fn best() -> InstructionSet {
        static BEST: OnceLock<InstructionSet> = OnceLock::new();
        *BEST.get_or_init(|| InstructionSet::choose(std::env::var_os("HDR_IMAGE_TRANSFER_KERNEL").as_deref()))
    }

    /// The named instruction set if the processor supports it, otherwise the fastest supported one.
    fn choose(name: Option<&OsStr>) -> InstructionSet {
        let named = InstructionSet::ALL.iter().find(|(_, its_name)| name == Some(OsStr::new(its_name)));
        let named = named.map(|(set, _)| *set).filter(|set| set.is_supported());
        named.or(InstructionSet::supported().last()).unwrap_or(InstructionSet::Portable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_the_processor_supports_are_tested() {
        let supported: Vec<InstructionSet> = InstructionSet::supported().collect();
        assert!(supported.contains(&InstructionSet::Portable));
        #[cfg(target_arch = "x86_64")]
        {
            assert_eq!(supported.contains(&InstructionSet::Avx2), is_x86_feature_detected!("avx2"));
            assert_eq!(supported.contains(&InstructionSet::Avx512), is_x86_feature_detected!("avx512bw"));
        }
    }

    #[test]
    fn the_named_one_is_chosen_and_otherwise_the_fastest() {
        let fastest = InstructionSet::supported().last().unwrap();
        for (set, name) in InstructionSet::ALL {
            let expected = if set.is_supported() { *set } else { fastest };
            assert_eq!(InstructionSet::choose(Some(OsStr::new(name))), expected);
        }
        assert_eq!(InstructionSet::choose(Some(OsStr::new("unknown"))), fastest);
        assert_eq!(InstructionSet::choose(None), fastest);
    }

    /// In a process of its own, since the environment is read once.
    #[test]
    fn the_environment_variable_names_it() {
        const CHILD: &str = "convert::instruction_set::tests::child_prints_the_best";
        for (set, name) in InstructionSet::ALL.iter().filter(|(set, _)| set.is_supported()) {
            let child = std::process::Command::new(std::env::current_exe().unwrap())
                .args([CHILD, "--exact", "--ignored", "--nocapture"])
                .env("HDR_IMAGE_TRANSFER_KERNEL", name)
                .output()
                .unwrap();
            let printed = String::from_utf8(child.stdout).unwrap();
            assert!(printed.contains(&format!("best: {set:?}")), "{set:?}: {printed}");
        }
    }

    #[test]
    #[ignore = "run by the test above"]
    fn child_prints_the_best() {
        println!("best: {:?}", InstructionSet::best());
    }
}
