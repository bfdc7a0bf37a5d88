//! Validation of JavaScript arguments.

use std::ptr;

use napi::bindgen_prelude::{
    FromNapiValue, JsObjectValue, KeyCollectionMode, KeyConversion, KeyFilter, Object, Unknown,
};
use napi::{Env, JsValue, ValueType, sys};

use super::buffer::{Bytes, typed_array_kind};
use super::error::{BadArgument, Error, Result};
use super::function::{Returned, Values};
use crate::cache::{ImageId, Limits};
use crate::convert::{Ootf, Rendering, Sample};
use crate::curves::{HlgDisplay, Transfer};

const TRANSFERS: [(&str, Transfer); 2] = [("pq", Transfer::Pq), ("hlg", Transfer::Hlg)];
const OOTFS: [(&str, Ootf); 2] = [("per-channel", Ootf::PerChannel), ("luminance", Ootf::Luminance)];
const CACHE_OPTIONS: [&str; 4] = ["maxEntries", "maxBytes", "ootf", "peakLuminance"];
const CONVERT_OPTIONS: [&str; 2] = ["ootf", "peakLuminance"];

/// The limits of a cache, as given, and how it converts.
pub struct CacheOptions {
    /// `INFINITY` for no limit.
    pub max_entries: f64,
    pub max_bytes: f64,
    pub rendering: Rendering,
}

/// Validates the arguments of one call. Errors name the function.
#[derive(Clone, Copy)]
pub struct Arguments {
    /// Its JavaScript name.
    pub function: &'static str,
}

impl Arguments {
    /// Nothing, a number of entries, or options.
    pub fn cache_options(&self, limits: Unknown) -> Result<CacheOptions> {
        let default = Limits::default();
        let (default_entries, [max_entries, max_bytes, ootf, peak_luminance]) = match limits.get_type()? {
            ValueType::Undefined | ValueType::Null => (default.max_entries as f64, [None; 4]),
            ValueType::Number => (f64::INFINITY, [Some(limits), None, None, None]),
            _ => {
                let expected = "a number or an options object";
                (f64::INFINITY, self.options("limits", expected, limits, CACHE_OPTIONS)?)
            }
        };
        Ok(CacheOptions {
            max_entries: self.limit("maxEntries", max_entries, default_entries)?,
            max_bytes: self.limit("maxBytes", max_bytes, default.max_bytes as f64)?,
            rendering: self.rendering(ootf, peak_luminance)?,
        })
    }

    /// Nothing, or options.
    pub fn convert_options(&self, options: Unknown) -> Result<Rendering> {
        if matches!(options.get_type()?, ValueType::Undefined | ValueType::Null) {
            return Ok(Rendering::default());
        }
        let [ootf, peak_luminance] =
            self.options("options", "an options object", options, CONVERT_OPTIONS)?;
        self.rendering(ootf, peak_luminance)
    }

    /// A string, read as UTF-16 into `buffer`, which grows if needed.
    pub fn image_id<'id>(&self, value: Unknown, buffer: &'id mut Vec<u16>) -> Result<ImageId<'id>> {
        let reject = || self.reject(Error::InvalidArgType, "imageId", "a string", describe(value));
        read_utf16(value, buffer).ok_or_else(reject)?;
        // Room for a NUL and one unit more tell a whole id from one that was cut off.
        if buffer.len() + 1 >= buffer.capacity() {
            let length = utf16_length(value).ok_or_else(reject)?;
            buffer.clear();
            if buffer.try_reserve_exact(length + 2).is_err() {
                return Err(self.out_of_memory("the imageId", length * size_of::<u16>()));
            }
            read_utf16(value, buffer).ok_or_else(reject)?;
        }
        // The unit for the target.
        buffer.push(0);
        Ok(ImageId::new(buffer))
    }

    /// The transfer functions of two arguments with these names.
    ///
    /// `script.js` passes their indices in [`Transfer::ALL`] as one number, 2 · from + to, which is faster to read than strings,
    /// and an array of both values if one of them is invalid.
    pub fn transfers(&self, names: [&'static str; 2], value: Unknown) -> Result<[Transfer; 2]> {
        // Deno also converts arrays to numbers.
        if value.get_type()? == ValueType::Number {
            // SAFETY: the value is a number.
            let both = unsafe { u32::from_napi_value(value.value().env, value.raw()) }?;
            return Ok([both >> 1, both].map(|bits| Transfer::ALL[bits as usize & 1]));
        }
        // SAFETY: the value is an array.
        let values: Object = unsafe { value.cast() }?;
        let [from, to] = names;
        Ok([
            self.one_of(Error::InvalidArgValue, from, values.get_element(0)?, &TRANSFERS)?,
            self.one_of(Error::InvalidArgValue, to, values.get_element(1)?, &TRANSFERS)?,
        ])
    }

    /// An image: a `Buffer` or `Uint8Array` of whole samples or, where the OOTF requires it, whole pixels.
    pub fn image<'call>(
        &self,
        argument: &'static str,
        value: Unknown<'call>,
        ootf: Ootf,
    ) -> Result<Bytes<'call>> {
        let Some(bytes) = Bytes::of(value) else {
            let mut received = describe(value);
            if typed_array_kind(value).is_some() {
                received += "; pass Buffer.from(a.buffer, a.byteOffset, a.byteLength)";
            }
            let expected = "a Buffer or Uint8Array";
            return Err(self.reject(Error::InvalidArgType, argument, expected, received));
        };
        if bytes.is_detached() {
            let expected = "a Buffer whose ArrayBuffer is not detached";
            return Err(self.reject(Error::InvalidArgValue, argument, expected, "a detached one"));
        }
        if !bytes.byte_length.is_multiple_of(ootf.samples() * size_of::<Sample>()) {
            let expected = match ootf {
                Ootf::PerChannel => "of even byteLength (16-bit samples)",
                Ootf::Luminance => "of a byteLength that is a multiple of 6 (whole pixels)",
            };
            let received = format!("byteLength {}", bytes.byte_length);
            return Err(self.reject(Error::OutOfRange, argument, expected, received));
        }
        Ok(bytes)
    }

    /// The error that an allocation failed.
    pub fn out_of_memory(&self, wanted: &'static str, byte_length: usize) -> Error {
        Error::OutOfMemory { function: self.function, wanted, byte_length }
    }

    /// The values of options, `None` if they are undefined or null, which stand for the default. `value` must be an object
    /// that may have options: not an array, a Buffer, or another built-in type.
    fn options<'call, const N: usize>(
        &self,
        argument: &'static str,
        expected: &'static str,
        value: Unknown<'call>,
        names: [&'static str; N],
    ) -> Result<[Option<Unknown<'call>>; N]> {
        if value.get_type()? != ValueType::Object || builtin_type(value).is_some() {
            return Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)));
        }
        // SAFETY: the value is an object.
        let options: Object = unsafe { value.cast() }?;
        let mut values = [None; N];
        for (value, name) in values.iter_mut().zip(names) {
            let given: Unknown = options.get_named_property_unchecked(name)?;
            *value = (!matches!(given.get_type()?, ValueType::Undefined | ValueType::Null)).then_some(given);
        }
        self.reject_unknown_options(options, &names)?;
        Ok(values)
    }

    /// Rejects own enumerable properties with another name, unless undefined. Symbols are ignored.
    fn reject_unknown_options(&self, options: Object, names: &[&str]) -> Result<()> {
        let keys = options.get_all_property_names(
            KeyCollectionMode::OwnOnly,
            KeyFilter::Enumerable,
            KeyConversion::NumbersToStrings,
        )?;
        for at in 0..keys.get_array_length_unchecked()? {
            let key: Unknown = keys.get_element(at)?;
            let is_known = key.get_type()? == ValueType::Symbol || names.iter().any(|name| equals(key, name));
            if !is_known && options.get_property::<_, Unknown>(key)?.get_type()? != ValueType::Undefined {
                let what = format!("option {}; options are {}", quote(key), names.join(", "));
                return Err(Error::Unknown { function: self.function.to_owned(), what });
            }
        }
        Ok(())
    }

    fn rendering(&self, ootf: Option<Unknown>, peak_luminance: Option<Unknown>) -> Result<Rendering> {
        let mut rendering = Rendering::default();
        if let Some(value) = ootf {
            rendering.ootf = self.one_of(Error::InvalidArgType, "ootf", value, &OOTFS)?;
        }
        if let Some(value) = peak_luminance {
            let expected = "a number from 1 to 10000 (cd/m²)";
            rendering.display = self.number("peakLuminance", expected, value, HlgDisplay::new)?;
        }
        Ok(rendering)
    }

    fn limit(&self, argument: &'static str, value: Option<Unknown>, default: f64) -> Result<f64> {
        let Some(value) = value else { return Ok(default) };
        // The fraction of an infinite number is NaN.
        let check = |number: f64| (number >= 0.0 && number.fract() == 0.0).then_some(number);
        self.number(argument, "a non-negative integer", value, check)
    }

    /// A number for which `check` has a result.
    fn number<T>(
        &self,
        argument: &'static str,
        expected: &'static str,
        value: Unknown,
        check: impl FnOnce(f64) -> Option<T>,
    ) -> Result<T> {
        if value.get_type()? != ValueType::Number {
            return Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)));
        }
        // SAFETY: the value is a number.
        let number = unsafe { f64::from_napi_value(value.value().env, value.raw()) }?;
        check(number).ok_or_else(|| self.reject(Error::OutOfRange, argument, expected, describe(value)))
    }

    /// One of the named variants. `not_a_string` is the error for other types.
    fn one_of<T: Copy>(
        &self,
        not_a_string: fn(BadArgument) -> Error,
        argument: &'static str,
        value: Unknown,
        variants: &[(&str, T)],
    ) -> Result<T> {
        if let Some((_, variant)) = variants.iter().find(|(name, _)| equals(value, name)) {
            return Ok(*variant);
        }
        let is_string = value.get_type()? == ValueType::String;
        let error = if is_string { Error::InvalidArgValue } else { not_a_string };
        let names: Vec<String> = variants.iter().map(|(name, _)| format!("{name:?}")).collect();
        Err(self.reject(error, argument, names.join(" or "), describe(value)))
    }

    /// The error that an argument is not what is expected.
    pub fn reject(
        &self,
        error: fn(BadArgument) -> Error,
        argument: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Error {
        let (expected, received) = (expected.into(), received.into());
        error(BadArgument { function: self.function, argument, expected, received })
    }
}

/// `rejectArgument(function, what)`: throws because of an argument that does not exist.
pub fn reject_argument<'call>(env: &'call Env, [function, what]: Values<'call, 2>) -> Returned<'call> {
    // SAFETY: a value that is not a string is an error.
    let string = |value: Unknown| unsafe { String::from_napi_value(env.raw(), value.raw()) };
    Err(Error::Unknown { function: string(function)?, what: string(what)? })
}

/// Whether a value is this string, of ASCII characters.
fn equals(value: Unknown, string: &str) -> bool {
    // Two more units: one for NUL, and one to tell the string from a longer one.
    let mut units = Vec::with_capacity(string.len() + 2);
    read_utf16(value, &mut units).is_some() && units.iter().copied().eq(string.bytes().map(u16::from))
}

/// Reads a string's first UTF-16 code units into `buffer`, as many as it has room for together with a NUL; `None` if the
/// value is not a string.
fn read_utf16(value: Unknown, buffer: &mut Vec<u16>) -> Option<()> {
    let mut length = 0;
    // SAFETY: `buffer` has room for `capacity` units.
    let status = unsafe {
        sys::napi_get_value_string_utf16(
            value.value().env,
            value.raw(),
            buffer.as_mut_ptr(),
            buffer.capacity(),
            &mut length,
        )
    };
    if status != sys::Status::napi_ok {
        return None;
    }
    // SAFETY: Node-API wrote `length` units, and fewer than the capacity.
    unsafe { buffer.set_len(length) };
    Some(())
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
        // It cannot be converted to a string.
        Ok(ValueType::External) => "an external value".to_owned(),
        Ok(ValueType::Object) => builtin_type(value).unwrap_or("an object").to_owned(),
        _ => {
            // Another primitive.
            let text = value.coerce_to_string().and_then(|text| text.into_utf8()?.into_owned());
            text.unwrap_or_else(|_| "an unknown value".to_owned())
        }
    }
}

/// The beginning of a string, in quotes.
fn quote(value: Unknown) -> String {
    const MAX_UNITS: usize = 40;
    let mut units = Vec::with_capacity(MAX_UNITS + 1);
    let _ = read_utf16(value, &mut units);
    let ellipsis = if utf16_length(value) > Some(units.len()) { "…" } else { "" };
    format!("{:?}{ellipsis}", String::from_utf16_lossy(&units))
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
