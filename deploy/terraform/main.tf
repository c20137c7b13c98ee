# A Lambda function for each image, with one role for all of them. Which functions there are follows
# from the images: an image that is gone takes its function along.

terraform {
  required_version = ">= 1.6"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0"
    }
  }
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

variable "architecture" {
  description = "Lambda's name of the processor, for the images of `lambda_images`."
  type        = string
  default     = "x86_64"
}

variable "stack" {
  description = "The stack, part of every function's name; a manifest must be of it."
  type        = string
}

variable "memory" {
  description = "Memory of each function, in MiB."
  type        = number
  default     = 512
}

variable "timeout" {
  description = "Seconds that each function may run."
  type        = number
  default     = 60
}

module "images" {
  source = "./images"

  lambda_images = var.lambda_images
  manifest      = var.manifest
  architecture  = var.architecture
  stack         = var.stack
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "lambda" {
  name_prefix        = "lambda-images-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.lambda.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "image" {
  for_each = module.images.images

  function_name = "${replace(each.key, ".", "-")}-${var.stack}"
  package_type  = "Image"
  image_uri     = each.value.reference
  architectures = [each.value.architecture]
  role          = aws_iam_role.lambda.arn
  memory_size   = var.memory
  timeout       = var.timeout
  publish       = true
}

output "functions" {
  description = "The ARN of each function's version, by the name of its image."
  value       = { for name, function in aws_lambda_function.image : name => function.qualified_arn }
}
