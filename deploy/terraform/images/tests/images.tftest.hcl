# Run by `terraform test`: what the module takes, and what it refuses.

variables {
  digest = "sha256:abababababababababababababababababababababababababababababababab"
}

run "references_by_name" {
  command = plan

  variables {
    lambda_images = {
      "one"   = "host.example/one-prod:git-1@${var.digest}"
      "two.x" = "two-prod:git-2@${var.digest}"
    }
    architecture = "arm64"
    manifest     = "tests/manifest.json"
  }

  assert {
    condition     = output.images["two.x"].reference == "two-prod:git-2@${var.digest}"
    error_message = "the variable comes before the file"
  }
  assert {
    condition     = length(output.images) == 2 && output.images["one"].architecture == "arm64"
    error_message = "two images of one architecture"
  }
}

run "a_manifest" {
  command = plan

  variables {
    manifest = "tests/manifest.json"
  }

  assert {
    condition     = join(",", keys(output.images)) == "arm,one"
    error_message = "its Lambda images, and no base image"
  }
  assert {
    condition     = output.images["one"].reference == "one-prod:git-0123456789ab@${var.digest}"
    error_message = "the reference as it is"
  }
  assert {
    condition     = output.images["one"].architecture == "x86_64" && output.images["arm"].architecture == "arm64"
    error_message = "each image's own platform"
  }
}

run "no_images_at_all_are_no_functions" {
  command = plan

  variables {
    lambda_images = {}
  }

  assert {
    condition     = length(output.images) == 0
    error_message = "none"
  }
}

run "nothing_given_is_refused" {
  command = plan

  expect_failures = [output.images]
}

run "what_is_not_pinned_is_refused" {
  command = plan

  variables {
    lambda_images = { "one" = "one-prod:latest" }
  }

  expect_failures = [output.images]
}

run "a_short_digest_is_refused" {
  command = plan

  variables {
    lambda_images = { "one" = "one-prod:git-1@sha256:ab" }
  }

  expect_failures = [output.images]
}

run "another_version_is_refused" {
  command = plan

  variables {
    manifest = "tests/manifest-of-another-version.json"
  }

  expect_failures = [output.images]
}

run "an_unknown_architecture_is_refused" {
  command = plan

  variables {
    lambda_images = {}
    architecture  = "amd64"
  }

  expect_failures = [var.architecture]
}

run "what_is_dirty_is_refused" {
  command = plan

  variables {
    manifest = "tests/manifest-dirty.json"
  }

  expect_failures = [output.images]
}

run "what_is_of_development_mode_is_refused" {
  command = plan

  variables {
    manifest = "tests/manifest-dev.json"
  }

  expect_failures = [output.images]
}

run "what_is_not_pushed_is_refused" {
  command = plan

  variables {
    manifest = "tests/manifest-local.json"
  }

  expect_failures = [output.images]
}

run "a_manifest_of_the_stack" {
  command = plan

  variables {
    manifest = "tests/manifest.json"
    stack    = "prod"
  }

  assert {
    condition     = length(output.images) == 2
    error_message = "as without a stack"
  }
}

run "a_manifest_of_another_stack_is_refused" {
  command = plan

  variables {
    manifest = "tests/manifest.json"
    stack    = "dev"
  }

  expect_failures = [output.images]
}
