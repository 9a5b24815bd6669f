// The state machine's states, for the picture of it. Generated from statemachines/try_on.asl.json: make docs
// Each: name, type, the stage of a job that begins with it, where it goes (first: where a try-on goes that works), and
// where errors lead.
export default [
  ["Claim Job", "Task", "validating", ["Validate Request"], ["Already Claimed", "Record Failure"]],
  ["Validate Request", "Task", "validating", ["Already Generated?"], ["Job Closed", "Record Failure"]],
  ["Already Generated?", "Choice", null, ["Reserve Slot", "Store Result", "Wait For Twin"], []],
  ["Wait For Twin", "Wait", null, ["Validate Request"], []],
  ["Reserve Slot", "Task", "queued", ["Wait For Slot"], ["Job Closed", "Wait For Engine", "Record Failure"]],
  ["Wait For Engine", "Wait", null, ["Reserve Slot"], []],
  ["Wait For Slot", "Wait", null, ["Invoke Model"], []],
  ["Invoke Model", "Task", "generating", ["Store Result"], ["Job Closed", "Reserve Slot", "Record Failure"]],
  ["Store Result", "Task", "storing", ["Notify Client"], ["Job Closed", "Record Failure"]],
  ["Notify Client", "Task", null, ["Job Completed"], ["Job Completed"]],
  ["Job Completed", "Succeed", null, [], []],
  ["Record Failure", "Task", null, ["Notify Failure"], ["Failed"]],
  ["Notify Failure", "Task", null, ["Refused Or Failed?"], ["Refused Or Failed?"]],
  ["Refused Or Failed?", "Choice", null, ["Failed", "Refused", "Job Closed"], []],
  ["Already Claimed", "Succeed", null, [], []],
  ["Job Closed", "Succeed", null, [], []],
  ["Refused", "Succeed", null, [], []],
  ["Failed", "Fail", null, [], []],
];
