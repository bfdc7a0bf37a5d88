//! Validation of JavaScript arguments.

use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Unknown};
use napi::{Env, JsValue, ValueType, check_status, sys};
use napi_derive::napi;

use super::buffer::{Bytes, typed_array_kind};
use super::environment::{Environment, MemoryKind};
use super::error::throw;
use crate::cache::{ImageId, Limits};
use crate::convert::{Ootf, Rendering, Sample};
use crate::curves::{HlgDisplay, Transfer};
use crate::error::{BadArgument, Error};

const TRANSFERS: [(&str, Transfer); 2] = [("pq", Transfer::Pq), ("hlg", Transfer::Hlg)];
const OOTFS: [(&str, Ootf); 2] = [("per-channel", Ootf::PerChannel), ("luminance", Ootf::Luminance)];

/// The limits of a cache, and how it converts.
///
/// Both limits hold at all times. A limit of 0 turns caching off.
#[napi(object, object_to_js = false)]
pub struct HdrImageTransferCacheOptions<'env> {
    /// The maximum number of cached images: a non-negative integer.
    ///
    /// @default no limit on the number of images (16 without `limits`)
    #[napi(ts_type = "number | null | undefined")]
    pub max_entries: Option<Unknown<'env>>,
    /// The maximum total bytes of cached images: a non-negative integer. A larger image is converted and returned,
    /// but not cached.
    ///
    /// @default 209715200 (200 MiB: sixteen 1920x1080 images, or four 3840x2160 ones)
    #[napi(ts_type = "number | null | undefined")]
    pub max_bytes: Option<Unknown<'env>>,
}

/// How a conversion renders HLG.
#[napi(object, object_to_js = false)]
pub struct ConvertTransferOptions<'env> {
    /// What the HLG OOTF depends on: `"luminance"` as specified in BT.2100, or `"per-channel"`, which is equal for greys
    /// and shifts saturated colours.
    ///
    /// @default "per-channel"
    #[napi(ts_type = "HlgOotf | null | undefined")]
    pub ootf: Option<Unknown<'env>>,
    /// The nominal peak luminance of the HLG display in cd/m²: 1 to 10000. It determines the system gamma (BT.2390).
    ///
    /// @default 1000
    #[napi(ts_type = "number | null | undefined")]
    pub peak_luminance: Option<Unknown<'env>>,
}

/// The limits of a cache, as given, and how it converts.
pub struct CacheOptions {
    /// `INFINITY` for no limit.
    pub max_entries: f64,
    pub max_bytes: f64,
    pub rendering: Rendering,
}

impl CacheOptions {
    /// Limits beyond the address space are those of the address space.
    pub fn limits(&self) -> Limits {
        Limits { max_entries: self.max_entries as usize, max_bytes: self.max_bytes as usize }
    }
}

impl Default for CacheOptions {
    fn default() -> CacheOptions {
        let Limits { max_entries, max_bytes } = Limits::default();
        CacheOptions {
            max_entries: max_entries as f64,
            max_bytes: max_bytes as f64,
            rendering: Rendering::default(),
        }
    }
}

/// Validates the arguments of one call. Errors name the function.
#[derive(Clone, Copy)]
pub struct Arguments<'env> {
    env: &'env Env,
    function: &'static str,
}

impl<'env> Arguments<'env> {
    /// The arguments of a call of `function`, a JavaScript name.
    pub fn new(env: &'env Env, function: &'static str) -> Arguments<'env> {
        Arguments { env, function }
    }

    /// Nothing, a number of entries, or options.
    pub fn cache_options(&self, limits: Option<Unknown<'env>>) -> napi::Result<CacheOptions> {
        let default = CacheOptions::default();
        let Some(value) = limits else { return Ok(default) };
        if value.get_type()? == ValueType::Number {
            return Ok(CacheOptions { max_entries: self.limit("maxEntries", value)?, ..default });
        }
        self.expect_options("limits", "a number or an options object", value)?;
        // SAFETY: the value is an object.
        let limits: HdrImageTransferCacheOptions = unsafe { value.cast() }?;
        // SAFETY: the value is an object.
        let conversion: ConvertTransferOptions = unsafe { value.cast() }?;
        let limit = |argument, limit: Option<Unknown>, default| match given(limit)? {
            Some(value) => self.limit(argument, value),
            None => Ok(default),
        };
        Ok(CacheOptions {
            max_entries: limit("maxEntries", limits.max_entries, f64::INFINITY)?,
            max_bytes: limit("maxBytes", limits.max_bytes, default.max_bytes)?,
            rendering: self.rendering(conversion)?,
        })
    }

    /// Nothing, or options.
    pub fn convert_options(&self, options: Option<Unknown<'env>>) -> napi::Result<Rendering> {
        let Some(value) = options else { return Ok(Rendering::default()) };
        self.expect_options("options", "an options object", value)?;
        // SAFETY: the value is an object.
        self.rendering(unsafe { value.cast() }?)
    }

    /// A string, read as UTF-16 into `buffer`, which grows if needed.
    pub fn image_id<'id>(&self, value: Unknown, buffer: &'id mut Vec<u16>) -> napi::Result<ImageId<'id>> {
        let reject = || self.reject(Error::InvalidArgType, "imageId", "a string", describe(value));
        let mut length = read_utf16(value, buffer).ok_or_else(reject)?;
        // With the final NUL, a longer id fills the buffer, too.
        if length + 1 >= buffer.len() {
            let whole = utf16_length(value).ok_or_else(reject)?;
            if buffer.try_reserve_exact(whole + 2 - buffer.len()).is_err() {
                return Err(self.out_of_memory("the imageId", whole * size_of::<u16>()));
            }
            buffer.resize(whole + 2, 0);
            length = read_utf16(value, buffer).ok_or_else(reject)?;
        }
        // The final NUL is the trailing slot.
        Ok(ImageId::with_trailing_slot(&mut buffer[..=length]))
    }

    /// `"pq"` or `"hlg"`.
    pub fn transfer(&self, argument: &'static str, value: Unknown) -> napi::Result<Transfer> {
        self.one_of(argument, value, &TRANSFERS)
    }

    /// As [`transfer`](Arguments::transfer), with the index in [`Transfer::ALL`] from JavaScript, which is faster than reading a
    /// string.
    pub fn indexed_transfer(
        &self,
        argument: &'static str,
        value: Unknown,
        index: Unknown,
    ) -> napi::Result<Transfer> {
        let mut found = -1;
        // SAFETY: `index` is a value of `env`, and one that is not a number is an error.
        check_status!(unsafe { sys::napi_get_value_int32(self.env.raw(), index.raw(), &mut found) })?;
        let transfer = usize::try_from(found).ok().and_then(|index| Transfer::ALL.get(index));
        transfer
            .copied()
            .ok_or_else(|| self.reject(Error::InvalidArgValue, argument, names(&TRANSFERS), describe(value)))
    }

    /// An image: a `Buffer` or `Uint8Array` of whole samples or, where the OOTF requires it, whole pixels.
    pub fn image(
        &self,
        argument: &'static str,
        value: Unknown<'env>,
        ootf: Ootf,
    ) -> napi::Result<Bytes<'env>> {
        let Some(bytes) = Bytes::of(value) else {
            let expected = "a Buffer or Uint8Array";
            return Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)));
        };
        if bytes.is_detached()? {
            let expected = "a Buffer whose ArrayBuffer is not detached";
            return Err(self.reject(Error::InvalidArgValue, argument, expected, "a detached one"));
        }
        if !bytes.byte_length().is_multiple_of(ootf.samples() * size_of::<Sample>()) {
            let expected = match ootf {
                Ootf::PerChannel => "of even byteLength (16-bit samples)",
                Ootf::Luminance => "of a byteLength that is a multiple of 6 (whole pixels)",
            };
            let received = format!("byteLength {}", bytes.byte_length());
            return Err(self.reject(Error::OutOfRange, argument, expected, received));
        }
        Ok(bytes)
    }

    /// The kind of an image's memory, which must be writable.
    pub fn writable(
        &self,
        argument: &'static str,
        image: &Bytes,
        environment: &Environment,
    ) -> napi::Result<MemoryKind> {
        let kind = image.memory_kind(self.env, environment)?;
        if kind == MemoryKind::Immutable {
            let expected = "a Buffer whose ArrayBuffer is not immutable";
            return Err(self.reject(Error::InvalidArgValue, argument, expected, "an immutable one"));
        }
        Ok(kind)
    }

    /// Throws because an allocation failed.
    pub fn out_of_memory(&self, wanted: &'static str, byte_length: usize) -> napi::Error {
        throw(self.env, &Error::OutOfMemory { function: self.function, wanted, byte_length })
    }

    /// An object that may have options: not an array, a Buffer, or another built-in type.
    fn expect_options(
        &self,
        argument: &'static str,
        expected: &'static str,
        value: Unknown,
    ) -> napi::Result<()> {
        if value.get_type()? == ValueType::Object && builtin_type(value).is_none() {
            return Ok(());
        }
        Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)))
    }

    fn rendering(
        &self,
        ConvertTransferOptions { ootf, peak_luminance }: ConvertTransferOptions,
    ) -> napi::Result<Rendering> {
        let default = Rendering::default();
        let ootf = match given(ootf)? {
            Some(value) => self.ootf(value)?,
            None => default.ootf,
        };
        let display = match given(peak_luminance)? {
            Some(value) => self.display(value)?,
            None => default.display,
        };
        Ok(Rendering { ootf, display })
    }

    fn ootf(&self, value: Unknown) -> napi::Result<Ootf> {
        if value.get_type()? != ValueType::String {
            return Err(self.reject(Error::InvalidArgType, "ootf", names(&OOTFS), describe(value)));
        }
        self.one_of("ootf", value, &OOTFS)
    }

    fn display(&self, value: Unknown) -> napi::Result<HlgDisplay> {
        let (argument, expected) = ("peakLuminance", "a number from 1 to 10000 (cd/m²)");
        let number = self.number(argument, expected, value)?;
        HlgDisplay::new(number)
            .ok_or_else(|| self.reject(Error::OutOfRange, argument, expected, describe(value)))
    }

    fn limit(&self, argument: &'static str, value: Unknown) -> napi::Result<f64> {
        let expected = "a non-negative integer";
        let number = self.number(argument, expected, value)?;
        // The fraction of an infinite number is NaN.
        if number >= 0.0 && number.fract() == 0.0 {
            Ok(number)
        } else {
            Err(self.reject(Error::OutOfRange, argument, expected, describe(value)))
        }
    }

    fn number(&self, argument: &'static str, expected: &'static str, value: Unknown) -> napi::Result<f64> {
        if value.get_type()? != ValueType::Number {
            return Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)));
        }
        // SAFETY: the value is a number.
        unsafe { f64::from_napi_value(self.env.raw(), value.raw()) }
    }

    fn one_of<T: Copy>(
        &self,
        argument: &'static str,
        value: Unknown,
        variants: &[(&str, T)],
    ) -> napi::Result<T> {
        // At least two units longer than a name: one for NUL, and one to tell a name from a longer string.
        let mut buffer = [0; 16];
        debug_assert!(variants.iter().all(|(name, _)| name.len() + 2 <= buffer.len()));
        let length = read_utf16(value, &mut buffer).unwrap_or(0);
        // By units: they were just written, and a wider load would wait for the stores.
        let equals = |name: &str| {
            length == name.len() && name.bytes().zip(&buffer).all(|(byte, unit)| u16::from(byte) == *unit)
        };
        let variant = variants.iter().find(|(name, _)| equals(name)).map(|(_, variant)| *variant);
        variant.ok_or_else(|| self.reject(Error::InvalidArgValue, argument, names(variants), describe(value)))
    }

    fn reject(
        &self,
        error: fn(BadArgument) -> Error,
        argument: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> napi::Error {
        let (expected, received) = (expected.into(), received.into());
        throw(self.env, &error(BadArgument { function: self.function, argument, expected, received }))
    }
}

/// The names of variants, as in `"pq" or "hlg"`.
fn names<T>(variants: &[(&str, T)]) -> String {
    let names: Vec<String> = variants.iter().map(|(name, _)| format!("{name:?}")).collect();
    names.join(" or ")
}

/// An option; `None` if it is `null` or `undefined`, which stand for the default.
fn given(option: Option<Unknown>) -> napi::Result<Option<Unknown>> {
    let Some(value) = option else { return Ok(None) };
    Ok((value.get_type()? != ValueType::Null).then_some(value))
}

/// Reads the first UTF-16 code units of a string into `buffer`, followed by NUL, and returns their number; `None` if the
/// value is not a string.
fn read_utf16(value: Unknown, buffer: &mut [u16]) -> Option<usize> {
    let mut length = 0;
    // SAFETY: `buffer` has the given length.
    let status = unsafe {
        sys::napi_get_value_string_utf16(
            value.value().env,
            value.raw(),
            buffer.as_mut_ptr(),
            buffer.len(),
            &mut length,
        )
    };
    (status == sys::Status::napi_ok).then_some(length)
}

/// The length of a string in UTF-16 code units; `None` if the value is not a string.
fn utf16_length(value: Unknown) -> Option<usize> {
    let mut length = 0;
    // SAFETY: without a buffer, only the length is written.
    let status = unsafe {
        sys::napi_get_value_string_utf16(value.value().env, value.raw(), ptr::null_mut(), 0, &mut length)
    };
    (status == sys::Status::napi_ok).then_some(length)
}

/// A value in an error message: primitives as JavaScript writes them, others by their type. Runs no JavaScript.
fn describe(value: Unknown) -> String {
    match value.get_type() {
        Ok(ValueType::String) => quote(value),
        Ok(ValueType::Symbol) => "a symbol".to_owned(),
        Ok(ValueType::Function) => "a function".to_owned(),
        // Not its digits: there may be millions.
        Ok(ValueType::BigInt) => "a bigint".to_owned(),
        Ok(ValueType::Object) => builtin_type(value).unwrap_or("an object").to_owned(),
        Ok(ValueType::Undefined | ValueType::Null | ValueType::Boolean | ValueType::Number) => {
            primitive_to_string(value)
        }
        // Such as an external value, which cannot be converted to a string.
        Ok(_) | Err(_) => "an unknown value".to_owned(),
    }
}

/// The beginning of a string, in quotes.
fn quote(value: Unknown) -> String {
    const MAX_UNITS: usize = 40;
    let mut buffer = [0; MAX_UNITS + 1];
    let length = read_utf16(value, &mut buffer).unwrap_or(0);
    let beginning = String::from_utf16_lossy(&buffer[..length]);
    let ellipsis = if utf16_length(value) > Some(length) { "…" } else { "" };
    format!("{beginning:?}{ellipsis}")
}

fn primitive_to_string(value: Unknown) -> String {
    let text = value.coerce_to_string().and_then(|text| text.into_utf8()?.into_owned());
    text.unwrap_or_else(|_| "an unknown value".to_owned())
}

/// The built-in type of an object that cannot be options, as far as Node-API distinguishes them.
fn builtin_type(value: Unknown) -> Option<&'static str> {
    match typed_array_kind(value) {
        Some(sys::TypedarrayType::uint8_array) => Some("a Uint8Array"),
        Some(sys::TypedarrayType::uint16_array) => Some("a Uint16Array"),
        Some(_) => Some("a typed array"),
        None if value.is_array().unwrap_or(false) => Some("an array"),
        None if value.is_arraybuffer().unwrap_or(false) => Some("an ArrayBuffer"),
        None if value.is_dataview().unwrap_or(false) => Some("a DataView"),
        None if value.is_date().unwrap_or(false) => Some("a Date"),
        None => None,
    }
}
