/** Node-RED: what a unit that flows tell has answered to a call for backup. */
import * as v from "valibot";
import { BackupReply, backupAnswer } from "../../contract/backup.ts";
import { linkOf, type Red, type RedNode } from "../red.ts";

interface Config {
  answer: string;
}

export default function register(red: Red): void {
  function TocsinBackupAnswer(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const link = linkOf(red);
    this.on("input", (message, send, done) => {
      const unit = String(message.unit ?? "");
      const call = String(message.call ?? "");
      const answer = v.safeParse(BackupReply, message.answer ?? config.answer);
      if (call === "" || unit === "")
        return done(new Error("msg.call and msg.unit say what is answered, and for whom"));
      if (!answer.success) return done(new Error(`an answer is one of ${BackupReply.options.join(", ")}`));
      const text = message.text === undefined ? {} : { text: String(message.text).slice(0, 2000) };
      link.publish(backupAnswer, { call, unit, answer: answer.output, ...text }).then(() => {
        this.status({ fill: "green", shape: "dot", text: `${unit}: ${answer.output}` });
        send(message);
        done();
      }, done);
    });
  }
  red.nodes.registerType("tocsin-backup-answer", TocsinBackupAnswer);
}
