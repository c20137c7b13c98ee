//! Reads what the program answers: its JSON on stdout, and the manifest, which is alike.

use std::collections::BTreeMap;

use serde_json::Value;

/// One field of every image of an answer or a manifest, by the images' names.
#[track_caller]
pub(crate) fn field<'v>(answer: &'v Value, name: &str) -> BTreeMap<&'v str, &'v str> {
    let images = answer["images"].as_array().expect("there is a list of images");
    images
        .iter()
        .map(|image| {
            (
                image["name"].as_str().expect("an image has a name"),
                image[name].as_str().unwrap_or(""),
            )
        })
        .collect()
}

/// One image of an answer or a manifest.
#[track_caller]
pub(crate) fn image<'v>(answer: &'v Value, name: &str) -> &'v Value {
    let images = answer["images"].as_array().expect("there is a list of images");
    images.iter().find(|image| image["name"] == name).expect("the image is there")
}
