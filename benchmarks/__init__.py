"""Measurements that decide something: run by hand, reported in the documents, never part of the tests."""
