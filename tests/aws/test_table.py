"""The table's definition."""

from __future__ import annotations

from functions.aws.table import TABLE, attributes, create_arguments, input_partition, job_key, key
from tests.aws.stack import Stack


def test_the_table_is_accepted_with_all_its_indexes(stack: Stack) -> None:
    found = stack.clients.dynamodb.describe_table(TableName=stack.services.settings.table_name)["Table"]
    indexes = {
        index["IndexName"]: tuple(part["AttributeName"] for part in index["KeySchema"])
        for index in found["GlobalSecondaryIndexes"]
    }
    assert indexes == TABLE["indexes"]
    assert found["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"


def test_every_defined_attribute_is_used_by_a_key() -> None:
    arguments = create_arguments("table")
    defined = {item["AttributeName"] for item in arguments["AttributeDefinitions"]}
    schemas = [arguments["KeySchema"], *(index["KeySchema"] for index in arguments["GlobalSecondaryIndexes"])]
    assert defined == {part["AttributeName"] for schema in schemas for part in schema} == set(attributes())


def test_keys_are_strings_under_the_tables_names() -> None:
    assert job_key("abc") == key("JOB#abc", "JOB") == {"pk": {"S": "JOB#abc"}, "sk": {"S": "JOB"}}


def test_the_longest_object_key_fits_into_a_partition_key() -> None:
    assert len(input_partition("t" * 63, "b" * 63, "k" * 1024)) <= 2048
