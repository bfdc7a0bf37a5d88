//! What JavaScript passed: read and checked, or turned down in words for the caller.

use std::ptr;

use napi::bindgen_prelude::Unknown;
use napi::{Env, JsValue, ValueType, sys};
use napi_derive::napi;

use super::buffer::{Bytes, typed_array_kind};
use super::error::throw;
use crate::cache::{Id, Limits};
use crate::convert::{Ootf, Rendering, Sample};
use crate::curves::{HlgDisplay, Transfer};
use crate::error::{BadArgument, Error};

/// What a cache may hold, and, as for `convertTransfer`, how it converts. Both limits hold at all times; a limit of 0 turns caching off.
#[napi(object, object_to_js = false)]
pub struct HdrImageTransferCacheOptions<'env> {
    /// The maximum number of images to hold: a non-negative integer.
    ///
    /// @default no limit on the number of images
    #[napi(ts_type = "number | null | undefined")]
    pub max_entries: Option<Unknown<'env>>,
    /// The maximum total bytes of the images to hold: a non-negative integer. A larger image is converted
    /// and returned, but not kept.
    ///
    /// @default 209715200 (200 MiB: sixteen 1920x1080 images, or four 3840x2160 ones)
    #[napi(ts_type = "number | null | undefined")]
    pub max_bytes: Option<Unknown<'env>>,
}

/// How `convertTransfer` converts.
#[napi(object, object_to_js = false)]
pub struct ConvertTransferOptions<'env> {
    /// The HLG OOTF: by the luminance of each pixel, as BT.2100 has it, or per channel, which is the same for
    /// greys and shifts saturated colours.
    ///
    /// @default "per-channel"
    #[napi(ts_type = "HlgOotf | null | undefined")]
    pub ootf: Option<Unknown<'env>>,
    /// The nominal peak luminance of the HLG display in cd/m²: 1 to 10000. It sets the system gamma (BT.2390).
    ///
    /// @default 1000
    #[napi(ts_type = "number | null | undefined")]
    pub peak_luminance: Option<Unknown<'env>>,
}

/// A call from JavaScript: reads its arguments, and throws in its name.
#[derive(Clone, Copy)]
pub struct Call<'env> {
    env: &'env Env,
    /// The JavaScript name of the function that was called.
    pub function: &'static str,
}

impl<'env> Call<'env> {
    /// A call of the function of that JavaScript name.
    pub fn new(env: &'env Env, function: &'static str) -> Call<'env> {
        Call { env, function }
    }

    /// The limits of a cache, and how it converts: nothing, a number of entries, or options.
    pub fn cache_options(&self, limits: Option<Unknown<'env>>) -> napi::Result<(Limits, Rendering)> {
        let (max_entries, max_bytes, rendering) = match limits {
            None => (Some(Limits::DEFAULT_MAX_ENTRIES), None, Rendering::default()),
            Some(value) => match value.get_type()? {
                ValueType::Number => (self.limit("maxEntries", limits)?, None, Rendering::default()),
                ValueType::Object if special_kind(value).is_none() => {
                    // SAFETY: the value is an object.
                    let options = unsafe { value.cast::<HdrImageTransferCacheOptions>() }?;
                    (
                        self.limit("maxEntries", options.max_entries)?,
                        self.limit("maxBytes", options.max_bytes)?,
                        self.convert_options(limits)?,
                    )
                }
                _ => {
                    let expected = "a number or an options object";
                    return Err(self.reject(Error::InvalidArgType, "limits", expected, describe(value)));
                }
            },
        };
        let max_bytes = max_bytes.unwrap_or(Limits::DEFAULT_MAX_BYTES);
        Ok((Limits { max_entries, max_bytes }, rendering))
    }

    /// How to convert: nothing, or options.
    pub fn convert_options(&self, options: Option<Unknown<'env>>) -> napi::Result<Rendering> {
        let Some(value) = options else { return Ok(Rendering::default()) };
        if value.get_type()? != ValueType::Object || special_kind(value).is_some() {
            let expected = "an options object";
            return Err(self.reject(Error::InvalidArgType, "options", expected, describe(value)));
        }
        // SAFETY: the value is an object.
        let options = unsafe { value.cast::<ConvertTransferOptions>() }?;
        Ok(Rendering { ootf: self.ootf(options.ootf)?, display: self.display(options.peak_luminance)? })
    }

    fn ootf(&self, ootf: Option<Unknown>) -> napi::Result<Ootf> {
        let expected = "\"per-channel\" or \"luminance\"";
        let Some(value) = given(ootf)? else { return Ok(Ootf::default()) };
        if value.get_type()? != ValueType::String {
            return Err(self.reject(Error::InvalidArgType, "ootf", expected, describe(value)));
        }
        // Room for one unit more than a name has, so that what only begins with a name is told from it.
        let mut buffer = [0; 13];
        let length = read_units(value, &mut buffer).unwrap_or(0);
        match &String::from_utf16_lossy(&buffer[..length])[..] {
            "per-channel" => Ok(Ootf::PerChannel),
            "luminance" => Ok(Ootf::Luminance),
            _ => Err(self.reject(Error::InvalidArgValue, "ootf", expected, describe(value))),
        }
    }

    fn display(&self, peak_luminance: Option<Unknown>) -> napi::Result<HlgDisplay> {
        let expected = "a number from 1 to 10000 (cd/m²)";
        let Some(value) = given(peak_luminance)? else { return Ok(HlgDisplay::REFERENCE) };
        if value.get_type()? != ValueType::Number {
            return Err(self.reject(Error::InvalidArgType, "peakLuminance", expected, describe(value)));
        }
        // SAFETY: the value is a number.
        let number = unsafe { value.cast() }?;
        HlgDisplay::new(number)
            .ok_or_else(|| self.reject(Error::OutOfRange, "peakLuminance", expected, describe(value)))
    }

    /// A non-negative integer, if there is one. One beyond the address space stands for all of it.
    fn limit(&self, argument: &'static str, limit: Option<Unknown>) -> napi::Result<Option<usize>> {
        let expected = "a non-negative integer";
        let Some(value) = given(limit)? else { return Ok(None) };
        match value.get_type()? {
            ValueType::Number => {
                // SAFETY: the value is a number.
                let number: f64 = unsafe { value.cast() }?;
                if number >= 0.0 && number.is_finite() && number.fract() == 0.0 {
                    Ok(Some(number as usize))
                } else {
                    Err(self.reject(Error::OutOfRange, argument, expected, describe(value)))
                }
            }
            _ => Err(self.reject(Error::InvalidArgType, argument, expected, describe(value))),
        }
    }

    /// The id of an image, read into `buffer` as UTF-16: in UTF-8, all lone surrogates would be one. The
    /// buffer grows when it has to, so that reading the next id of that length allocates nothing.
    pub fn image_id<'id>(&self, value: Unknown, buffer: &'id mut Vec<u16>) -> napi::Result<Id<'id>> {
        let reject = || self.reject(Error::InvalidArgType, "imageId", "a string", describe(value));
        let mut length = read_units(value, buffer).ok_or_else(reject)?;
        if length + 1 >= buffer.len() {
            // There may be more than found room.
            let all = utf16_length(value).ok_or_else(reject)?;
            if buffer.try_reserve_exact(all + 2 - buffer.len()).is_err() {
                return Err(self.no_memory("the imageId", all * size_of::<u16>()));
            }
            buffer.resize(all + 2, 0);
            length = read_units(value, buffer).ok_or_else(reject)?;
        }
        // One more: the 0 that Node-API ends a string with is the room for the target.
        Ok(Id::with_room(&mut buffer[..=length]))
    }

    /// A transfer function: `"pq"` or `"hlg"`.
    pub fn transfer(&self, argument: &'static str, value: Unknown) -> napi::Result<Transfer> {
        // Room for one unit more than a name has, so that what only begins with a name is told from it.
        let mut buffer = [0; 5];
        let length = read_units(value, &mut buffer).unwrap_or(0);
        // Unit by unit: they were just written so, and a wider load would have to wait for that.
        let is = |name: &[u8]| {
            length == name.len() && name.iter().zip(&buffer).all(|(byte, unit)| u16::from(*byte) == *unit)
        };
        if is(b"hlg") {
            Ok(Transfer::Hlg)
        } else if is(b"pq") {
            Ok(Transfer::Pq)
        } else {
            Err(self.reject(Error::InvalidArgValue, argument, "\"pq\" or \"hlg\"", describe(value)))
        }
    }

    /// An image: a `Buffer` or `Uint8Array` of whole 16-bit samples, or of whole pixels where they count.
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
            let expected = "a Buffer that still has its memory";
            let received = "one that was transferred away".to_owned();
            return Err(self.reject(Error::InvalidArgValue, argument, expected, received));
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

    /// The error for want of memory.
    pub fn no_memory(&self, wanted: &'static str, byte_length: usize) -> napi::Error {
        throw(self.env, &Error::OutOfMemory { function: self.function, wanted, byte_length })
    }

    fn reject(
        &self,
        error: fn(BadArgument) -> Error,
        argument: &'static str,
        expected: &'static str,
        received: String,
    ) -> napi::Error {
        throw(self.env, &error(BadArgument { function: self.function, argument, expected, received }))
    }
}

/// An option, unless it is `null`, which stands for its default as `undefined` does.
fn given(option: Option<Unknown>) -> napi::Result<Option<Unknown>> {
    let Some(value) = option else { return Ok(None) };
    Ok((value.get_type()? != ValueType::Null).then_some(value))
}

/// The first UTF-16 units of a string: as many as find room in `buffer` before a last 0. Gives how many
/// they are, or `None` when the value is not a string.
fn read_units(value: Unknown, buffer: &mut [u16]) -> Option<usize> {
    let mut length = 0;
    // SAFETY: the buffer has room for as many units as it is said to have.
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

/// How many UTF-16 units a string has; `None` when the value is not a string.
fn utf16_length(value: Unknown) -> Option<usize> {
    let mut length = 0;
    // SAFETY: without a buffer, the length is all that is written.
    let status = unsafe {
        sys::napi_get_value_string_utf16(value.value().env, value.raw(), ptr::null_mut(), 0, &mut length)
    };
    (status == sys::Status::napi_ok).then_some(length)
}

/// A value as a message shows it: a primitive as it is, anything else by its kind. Runs no JavaScript.
fn describe(value: Unknown) -> String {
    match value.get_type() {
        Ok(ValueType::String) => quote(value),
        Ok(ValueType::Symbol) => "a symbol".to_owned(),
        Ok(ValueType::Function) => "a function".to_owned(),
        // It may have millions of digits.
        Ok(ValueType::BigInt) => "a bigint".to_owned(),
        Ok(ValueType::Object) => special_kind(value).unwrap_or("an object").to_owned(),
        Ok(_) => text_of(value),
        Err(_) => "a value that cannot be shown".to_owned(),
    }
}

/// The beginning of a string, in quotes.
fn quote(value: Unknown) -> String {
    const SHOWN_UNITS: usize = 40;
    let mut buffer = [0; SHOWN_UNITS + 1];
    let length = read_units(value, &mut buffer).unwrap_or(0);
    let shown = String::from_utf16_lossy(&buffer[..length]);
    let rest = if utf16_length(value) > Some(length) { "…" } else { "" };
    format!("{shown:?}{rest}")
}

/// A primitive as JavaScript writes it.
fn text_of(value: Unknown) -> String {
    let text = value.coerce_to_string().and_then(|text| text.into_utf8()?.into_owned());
    text.unwrap_or_else(|_| "a value that cannot be shown".to_owned())
}

/// The kind of an object that is not for options, as far as Node-API tells kinds apart.
fn special_kind(value: Unknown) -> Option<&'static str> {
    match typed_array_kind(value) {
        Some(sys::TypedarrayType::uint8_array) => Some("a Uint8Array"),
        Some(sys::TypedarrayType::uint16_array) => Some("a Uint16Array"),
        Some(_) => Some("a typed array of another kind"),
        None if value.is_array().unwrap_or(false) => Some("an array"),
        None if value.is_arraybuffer().unwrap_or(false) => Some("an ArrayBuffer"),
        None if value.is_dataview().unwrap_or(false) => Some("a DataView"),
        None if value.is_date().unwrap_or(false) => Some("a Date"),
        None => None,
    }
}
