# The images to deploy, as `cargo xtask manifest` gives them: from the variable `lambda_images`
# (`--format tfvars`), else from a file (`--format json`). It needs no provider, and makes nothing.

terraform {
  required_version = ">= 1.6"
}

variable "lambda_images" {
  description = "References by name, as `cargo xtask manifest --format tfvars` prints them."
  type        = map(string)
  default     = null
}

variable "manifest" {
  description = "Path of what `cargo xtask manifest` printed, where `lambda_images` is not given."
  type        = string
  default     = null
}

variable "stack" {
  description = "The stack that the manifest must be of; null: any."
  type        = string
  default     = null
}

variable "architecture" {
  description = "Lambda's name of the processor, for the images of `lambda_images`."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Lambda knows x86_64 and arm64."
  }
}

locals {
  architectures = { "linux/amd64" = "x86_64", "linux/arm64" = "arm64" }
  manifest      = var.manifest == null ? null : jsondecode(file(var.manifest))

  lambdas = [for image in try(local.manifest.images, []) : image if image.kind == "lambda"]

  from_manifest = {
    for image in local.lambdas : image.name => {
      reference    = image.image_ref
      architecture = local.architectures[image.platform]
    }
  }
  # What `cargo xtask manifest` refuses: the file may be one that it did not print.
  unfit = [
    for image in local.lambdas : image.name
    if try(image.dirty, false) || try(image.dev, false) || !try(image.pushed, false)
  ]
  from_variable = {
    for name, reference in coalesce(var.lambda_images, {}) : name => {
      reference    = reference
      architecture = var.architecture
    }
  }
  images = var.lambda_images == null ? local.from_manifest : local.from_variable
}

output "images" {
  description = "Of each image, by name: its `reference` and its `architecture`."
  value       = local.images

  precondition {
    condition     = var.lambda_images != null || var.manifest != null
    error_message = "No images: `cargo xtask manifest --format tfvars --output images.auto.tfvars`, or give `manifest`."
  }
  precondition {
    condition     = var.lambda_images != null || try(local.manifest.version, 0) == 1
    error_message = "This is no manifest of version 1."
  }
  precondition {
    condition = (
      var.lambda_images != null || var.stack == null || try(local.manifest.stack, null) == var.stack
    )
    error_message = "The manifest is of another stack: `cargo xtask build-lambdas --push --stack …` for this one."
  }
  precondition {
    condition     = var.lambda_images != null || length(local.unfit) == 0
    error_message = "Dirty, of development mode or not pushed: ${join(", ", local.unfit)}. Commit, then `cargo xtask build-lambdas --push` without `--dev`."
  }
  precondition {
    condition = alltrue([
      for image in local.images : can(regex("@sha256:[0-9a-f]{64}$", image.reference))
    ])
    error_message = "An image is not pinned by a digest: `cargo xtask build-lambdas --push`, then `cargo xtask manifest`."
  }
}
