use super::*;

#[track_caller]
fn check(text: &str, direction: Direction, expected: &str) {
    let told = match parse_cache(text, direction, true) {
        Ok(entry) => entry.render(direction, &str::to_owned),
        Err(error) => format!("{error}; {}", error.hint),
    };
    assert_eq!(told, expected);
}

#[test]
fn short_forms_get_what_the_kind_needs() {
    let from = |text, expected| check(text, Direction::From, expected);
    from("registry", "type=registry,ref={registry}/cache:{name}-{platform}");
    from("type=registry", "type=registry,ref={registry}/cache:{name}-{platform}");
    from("r.example/{name}:cache", "type=registry,ref=r.example/{name}:cache");
    from("local", "type=local,src=target/lambda-images/cache/{name}-{platform}");
    from("gha", "type=gha,scope={name}-{platform}");
    from("s3,bucket=b", "type=s3,bucket=b,name={name}-{platform}");
    let to = |text, expected| check(text, Direction::To, expected);
    to(
        "registry",
        "type=registry,ignore-error=true,image-manifest=true,mode=max,oci-mediatypes=true,ref={registry}/cache:{name}-{platform}",
    );
    to(
        "registry,mode=min,ignore-error=false,image-manifest=false,oci-mediatypes=false,ref=r.example/{name}:c",
        "type=registry,ignore-error=false,image-manifest=false,mode=min,oci-mediatypes=false,ref=r.example/{name}:c",
    );
    to("inline", "type=inline");
    to("gha,scope={stack}-{name}", "type=gha,ignore-error=true,mode=max,scope={stack}-{name}");
    to("local,dest=c/{name}", "type=local,dest=c/{name},ignore-error=true,mode=max");
}

#[test]
fn what_is_wrong_is_told_with_its_mend() {
    let from = |text, expected| check(text, Direction::From, expected);
    from("regsitry", "`regsitry` is no kind of cache; did you mean `registry`?");
    from("", "`` is no kind of cache; the kinds are `registry`, `local`, `gha`, `s3` and `inline`");
    from(
        "azblob",
        "`azblob` is no kind of cache; the kinds are `registry`, `local`, `gha`, `s3` and `inline`",
    );
    from("registry,mode=max", "`registry` has no option `mode`; the options are `ref`");
    from("registry,x", "`x` is no option; options are written `name=value`");
    from("s3", "`s3` has no bucket; as in \"s3,bucket=layers\"");
    from(
        "s3,bucket=b,secret_access_key=x",
        "`secret_access_key` is a secret, and the command line of a build is no place for it; leave it out: docker takes it from its environment or its configuration",
    );
    from(
        "r.example/cache:all",
        "`r.example/cache:all` has no `{name}`: all images would share one cache, and each export replaces the last; as in \"registry,ref=r.example/cache:all-{name}-{platform}\"",
    );
    from(
        "registry,ref=r.example/{image}",
        "`ref` can't be `r.example/{image}`; the placeholders are `{registry}`, `{name}`, `{platform}` and `{stack}`",
    );
    from(
        "local,src=../{name}",
        "`../{name}` leads out of the workspace; a local cache is a folder below the workspace root",
    );
    let to = |text, expected| check(text, Direction::To, expected);
    to("registry,mode=all", "`mode` can't be `all`; it can be `min`, `max`");
    to("inline,mode=max", "`inline` has no option `mode`; `inline` has no options here");
}

#[test]
fn an_image_s_own_entry_needs_no_placeholder() {
    assert!(parse_cache("r.example/cache:ocr", Direction::From, false).is_ok());
    assert!(parse_cache("r.example/cache:ocr", Direction::From, true).is_err());
}

#[test]
fn only_what_stands_in_the_configured_registry_needs_one() {
    let needs = |text| parse_cache(text, Direction::From, true).unwrap().needs_registry();
    assert!(needs("registry"));
    assert!(needs("inline,ref={registry}/{name}:last"));
    assert!(!needs("registry,ref=r.example/{name}:c"));
    assert!(!needs("gha"));
    assert!(!needs("local"));
}
