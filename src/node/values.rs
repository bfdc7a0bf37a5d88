//! Reading JavaScript values, and describing them in error messages. None of it runs JavaScript.

use std::ptr;

use napi::bindgen_prelude::Unknown;
use napi::{JsValue, ValueType, sys};

use super::buffer::typed_array;

/// Whether a value is this string, of ASCII characters.
pub fn equals(value: Unknown, string: &str) -> bool {
    // Two more units: one for NUL, and one to tell the string from a longer one.
    let mut units = Vec::with_capacity(string.len() + 2);
    read_utf16(value, &mut units).is_some() && units.iter().copied().eq(string.bytes().map(u16::from))
}

/// Reads a string's first UTF-16 code units into `buffer`, as many as it has room for together with a NUL;
/// `None` if the value is not a string.
pub fn read_utf16(value: Unknown, buffer: &mut Vec<u16>) -> Option<()> {
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
    // SAFETY: Node-API wrote `length` units, at most the capacity.
    unsafe { buffer.set_len(length) };
    Some(())
}

/// The length of a string in UTF-16 code units; `None` if the value is not a string.
pub fn utf16_length(value: Unknown) -> Option<usize> {
    let mut length = 0;
    // SAFETY: without a buffer, only the length is written.
    let status = unsafe {
        sys::napi_get_value_string_utf16(value.value().env, value.raw(), ptr::null_mut(), 0, &mut length)
    };
    (status == sys::Status::napi_ok).then_some(length)
}

/// A value in an error message: primitives as JavaScript writes them, others by their type.
pub fn describe(value: Unknown) -> String {
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
pub fn quote(value: Unknown) -> String {
    const MAX_UNITS: usize = 40;
    let mut units = Vec::with_capacity(MAX_UNITS + 1);
    let _ = read_utf16(value, &mut units);
    let ellipsis = if utf16_length(value) > Some(units.len()) { "…" } else { "" };
    format!("{:?}{ellipsis}", String::from_utf16_lossy(&units))
}

/// The built-in type of an object that cannot be options, as far as Node-API distinguishes them.
pub fn builtin_type(value: Unknown) -> Option<&'static str> {
    /// In the order of [`sys::TypedarrayType`].
    const TYPED_ARRAYS: [&str; 11] = [
        "an Int8Array",
        "a Uint8Array",
        "a Uint8ClampedArray",
        "an Int16Array",
        "a Uint16Array",
        "an Int32Array",
        "a Uint32Array",
        "a Float32Array",
        "a Float64Array",
        "a BigInt64Array",
        "a BigUint64Array",
    ];
    match typed_array(value, ptr::null_mut(), ptr::null_mut()) {
        Some((kind, _)) => Some(TYPED_ARRAYS.get(kind as usize).copied().unwrap_or("another TypedArray")),
        None if value.is_array().unwrap_or(false) => Some("an array"),
        None if value.is_arraybuffer().unwrap_or(false) => Some("an ArrayBuffer"),
        None if value.is_dataview().unwrap_or(false) => Some("a DataView"),
        None if value.is_date().unwrap_or(false) => Some("a Date"),
        None => None,
    }
}
