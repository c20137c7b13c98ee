"""A Lambda function for each image, with one role for all of them.

The images are the stack's `lambda-images:images`, else the manifest that `lambda-images:manifest`
names. Which functions there are follows from them: an image that is gone takes its function along.
"""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pulumi_aws as aws
from images import read_images

MANIFEST = "../../target/lambda-images/images.json"

config = pulumi.Config("lambda-images")
images = read_images(
    config.get_object("images"),
    Path(__file__).parent / (config.get("manifest") or MANIFEST),
    config.get("architecture") or "x86_64",
    pulumi.get_stack(),
)

role = aws.iam.Role(
    "lambda-images",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    ),
)
aws.iam.RolePolicyAttachment(
    "lambda-images-logs",
    role=role.name,
    policy_arn="arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
)

for name, image in sorted(images.items()):
    function = aws.lambda_.Function(
        name,
        name=f"{name.replace('.', '-')}-{pulumi.get_stack()}",
        package_type="Image",
        image_uri=image.reference,
        architectures=[image.architecture],
        role=role.arn,
        memory_size=config.get_int("memory") or 512,
        timeout=config.get_int("timeout") or 60,
        publish=True,
    )
    pulumi.export(name, function.qualified_arn)
