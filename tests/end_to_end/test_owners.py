"""Which stream a list follows: adopt and release."""

from __future__ import annotations

from tests.support.target import record, run, schema


class TestAdopting:
    def test_who_was_there_before_leaves_once_the_list_is_adopted(self, loaded, sandbox):
        adopted = loaded.command("adopt", "Newsletter")
        assert adopted.exit_code == 0
        assert "42 people on 'Newsletter' now count as put there by stream 'members'" in (
            adopted.stdout
        )
        loaded.load(range(40))
        assert loaded.sweep().exit_code == 0
        assert len(sandbox.members("Newsletter")) == 40

    def test_a_list_can_be_adopted_before_the_first_load(self, exports, sandbox):
        assert exports.command("adopt", "Newsletter").exit_code == 0
        exports.load(range(40))
        assert exports.sweep().exit_code == 0
        assert len(sandbox.members("Newsletter")) == 40

    def test_a_list_that_no_setting_names_is_not_adopted(self, exports):
        answer = exports.command("adopt", "General Interest")
        assert answer.exit_code == 78
        assert "no stream is known that this list follows" in answer.log

    def test_a_stream_is_named_where_the_settings_have_a_glob(self, exports):
        entry = {"stream": "mem*", "lists": "Newsletter", "load_method": "overwrite"}
        exports.set(segments=[entry])
        assert exports.command("adopt", "Newsletter").exit_code == 78
        assert exports.command("adopt", "Newsletter", "--stream", "members").exit_code == 0
        assert exports.command("adopt", "Newsletter", "--stream", "others").exit_code == 78

    def test_a_stream_is_named_where_several_may_be_meant(self, exports):
        entries = [
            {"stream": name, "lists_field": "to", "load_method": "overwrite"} for name in "ab"
        ]
        exports.set(segments=entries)
        answer = exports.command("adopt", "Newsletter")
        assert answer.exit_code == 78
        assert "the list may follow 'a' or 'b'; name the stream with --stream" in answer.log

    def test_one_list_is_named(self, exports):
        answer = exports.command("adopt", "Newsletter, General Interest")
        assert answer.exit_code == 78
        assert "is not one list of the account" in answer.log

    def test_a_list_that_follows_another_stream_is_not_adopted(self, loaded):
        entry = {"stream": "others", "lists": "Newsletter", "load_method": "overwrite"}
        loaded.set(segments=[entry])
        answer = loaded.command("adopt", "Newsletter")
        assert answer.exit_code == 65
        assert "follows stream 'members', not 'others'; nothing was changed" in answer.log

    def test_no_such_list(self, exports):
        answer = exports.command("adopt", "Newslettre")
        assert answer.exit_code == 78
        assert "did you mean 'Newsletter'?" in answer.log


class TestReleasing:
    def test_a_list_that_is_released_can_follow_another_stream(self, loaded):
        entry = {"stream": "others", "lists": "Newsletter", "load_method": "overwrite"}
        others = [schema("others"), *(record("others", EmailAddress="a@example.com"),)]
        loaded.set(segments=[entry])
        refused = run(loaded.config, *others)
        assert refused.exit_code == 65
        assert "'members'" in refused.log
        assert "release" in refused.log
        answer = loaded.command("release", "Newsletter")
        assert answer.exit_code == 0
        assert "does not follow stream 'members' any more" in answer.stdout
        assert run(loaded.config, *others).exit_code == 0
        assert loaded.sweep().exit_code == 0
        assert {*range(40)} <= loaded.members

    def test_a_list_that_follows_nobody_is_no_error(self, exports):
        answer = exports.command("release", "Newsletter")
        assert answer.exit_code == 0
        assert "'Newsletter' follows no stream" in answer.stdout
