//! What JavaScript passed: read and checked, or turned down in words for the caller.

use std::ptr;

use napi::bindgen_prelude::Unknown;
use napi::{Env, JsValue, ValueType, sys};
use napi_derive::napi;

use super::buffer::{Bytes, typed_array_kind};
use super::error::throw;
use crate::cache::{Id, Limits};
use crate::curves::Transfer;
use crate::error::{BadArgument, Error};

/// The limits of a cache. Both hold at all times; a limit of 0 turns caching off.
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

    /// The limits of a cache: nothing, a number of entries, or options.
    pub fn limits(&self, limits: Option<Unknown<'env>>) -> napi::Result<Limits> {
        let (max_entries, max_bytes) = match limits {
            None => (Some(Limits::DEFAULT_MAX_ENTRIES), None),
            Some(value) => match value.get_type()? {
                ValueType::Number => (self.limit("maxEntries", limits)?, None),
                ValueType::Object if special_kind(value).is_none() => {
                    // SAFETY: the value is an object.
                    let options = unsafe { value.cast::<HdrImageTransferCacheOptions>() }?;
                    (
                        self.limit("maxEntries", options.max_entries)?,
                        self.limit("maxBytes", options.max_bytes)?,
                    )
                }
                _ => {
                    let expected = "a number or an options object";
                    return Err(self.reject(Error::InvalidArgType, "limits", expected, describe(value)));
                }
            },
        };
        Ok(Limits { max_entries, max_bytes: max_bytes.unwrap_or(Limits::DEFAULT_MAX_BYTES) })
    }

    /// A non-negative integer, if there is one. One beyond the address space stands for all of it.
    fn limit(&self, argument: &'static str, limit: Option<Unknown>) -> napi::Result<Option<usize>> {
        let expected = "a non-negative integer";
        let Some(value) = limit else { return Ok(None) };
        match value.get_type()? {
            ValueType::Null => Ok(None),
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
        Ok(Id::before_last(&mut buffer[..=length]))
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

    /// An image: a `Buffer` or `Uint8Array` of whole 16-bit samples.
    pub fn image(&self, argument: &'static str, value: Unknown<'env>) -> napi::Result<Bytes<'env>> {
        let Some(bytes) = Bytes::of(value) else {
            let expected = "a Buffer or Uint8Array";
            return Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)));
        };
        if bytes.is_detached()? {
            let expected = "a Buffer that still has its memory";
            let received = "one that was transferred away".to_owned();
            return Err(self.reject(Error::InvalidArgValue, argument, expected, received));
        }
        if bytes.byte_length() % 2 != 0 {
            let expected = "of even byteLength (16-bit samples)";
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
